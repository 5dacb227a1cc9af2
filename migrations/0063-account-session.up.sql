-- Who is signed in to the pages on which people look after their own access. The session's identifier is a credential: it
-- is kept as its sha256.
create table account_session (
  id_hash bytea primary key,
  person text not null references person (id) on delete cascade,
  created_at timestamptz not null,
  seen_at timestamptz not null,
  -- What the next page says of the last form, once.
  notice text);
create index account_session_person on account_session (person);
