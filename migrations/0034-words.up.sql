-- The words of a resource for _text and _content: without case and accents, in no language, so that a name or a code is
-- found as it is written.
create function folded_words(value text) returns text
  language sql immutable strict parallel safe
  return lower(regexp_replace(normalize(left(value, 500000), NFKD), '[\u0300-\u036f]', '', 'g'));

-- The narrative without its markup.
create function narrative_words(content text) returns tsvector
  language sql immutable strict parallel safe cost 1000
  return to_tsvector('simple', folded_words(
    coalesce(regexp_replace(content::json -> 'text' ->> 'div', '<[^>]*>', ' ', 'g'), '')));

-- Every string of the resource, but for what is no text: the data of attachments.
create function content_words(content text) returns tsvector
  language sql immutable strict parallel safe cost 1000
  return to_tsvector('simple', folded_words((
    select coalesce(string_agg(regexp_replace(found #>> '{}', '<[^>]*>', ' ', 'g'), ' '), '')
    from jsonb_path_query(content::jsonb, 'strict $.** ? (@.type() == "string")') found
    where found #>> '{}' !~ '^[A-Za-z0-9+/]{200}')));
