create or replace function folded_words(value text) returns text
  language sql immutable strict parallel safe
  return lower(regexp_replace(normalize(left(value, 500000), NFKD), '[\u0300-\u036f]', '', 'g'));
