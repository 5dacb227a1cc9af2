-- The texts that tokens carry beside their codes (`:text`), as they are compared, and the urls of uri parameters
-- (`:below`); tok is the key that the rows hold.
create table token_text (tok bigint primary key, param text collate "C" not null, words text collate "C" not null);
-- Only the beginning: an entry of an index must not be longer than a third of a page.
create index token_text_words on token_text (param, left(words, 200) text_pattern_ops);
drop index search_string_value;
create index search_string_value on search_string (type, param, left(folded, 200) text_pattern_ops, id);

-- Quantities in the base units of UCUM, and the hashes of what stands beside them in a composite.
alter table search_quantity
  add column canon text collate "C",
  add column canon_low double precision,
  add column canon_high double precision,
  add column pairs bigint[];
create index search_quantity_canon on search_quantity (type, param, canon, canon_low, id) where canon is not null;
