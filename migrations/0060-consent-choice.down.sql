drop table consent_choice;
