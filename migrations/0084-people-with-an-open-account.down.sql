drop index person_open;
