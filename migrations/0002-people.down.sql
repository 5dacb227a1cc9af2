drop table sign_in_attempt;
drop table reach;
drop table person_actor;
drop table person;
