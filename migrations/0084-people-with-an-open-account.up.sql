-- Each request of a patient's app asks whether the person's account is open: an index that knows spares the row.
create index person_open on person (id) where state = 'active';
