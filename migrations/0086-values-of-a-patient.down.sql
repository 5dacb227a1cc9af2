drop index search_string_patient;
drop index search_date_patient;
drop index search_quantity_patient;
