-- The words of a resource have to fit into a tsvector, which takes no more than 1048575 bytes: a text of as many characters
-- made of wide letters, of letters that fall apart when they are normalized, or of addresses, which count three times, did not.
create or replace function folded_words(value text) returns text
  language sql immutable strict parallel safe
  return left(lower(regexp_replace(normalize(left(value, 150000), NFKD), '[\u0300-\u036f]', '', 'g')), 150000);
