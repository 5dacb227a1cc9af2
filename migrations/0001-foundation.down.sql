drop table audit_raw, search_quantity, search_date, search_string, token, token_set;
drop function index_key(text);
