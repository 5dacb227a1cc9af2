-- A Consent in which no patient is named gives nothing: what was made of such ones reached the resources that are nobody's yet.
delete from reach where patient in ('', '#several');
alter table reach add constraint reach_patient check (patient not in ('', '#several'));
