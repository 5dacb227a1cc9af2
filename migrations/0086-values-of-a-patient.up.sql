-- What a patient's search asks of values is looked up together for all of her record: beside each row it would be as many ways
-- down an index as she has rows. What numbers and dates are compared by stands in it, so that their rows are not fetched.
create index search_quantity_patient on search_quantity (patient, type, param, id)
  include (low, high, canon, canon_low, canon_high);
create index search_date_patient on search_date (patient, type, param, id) include (date_lo, date_hi);
create index search_string_patient on search_string (patient, type, param, id);
