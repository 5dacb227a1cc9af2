alter table reach drop constraint reach_patient;
