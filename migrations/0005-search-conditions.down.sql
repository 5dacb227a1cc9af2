drop index search_quantity_canon;
alter table search_quantity drop column canon, drop column canon_low, drop column canon_high, drop column pairs;
drop index search_string_value;
create index search_string_value on search_string (type, param, folded text_pattern_ops, id);
drop table token_text;
