-- The hash of an index key: the first eight bytes of SHA-256, as src/store/hash.ts computes it. In SQL too, so
-- that one statement can look up what refers to the rows that it has just found.
create function index_key(value text) returns bigint
  language sql immutable strict parallel safe
  return ('x' || encode(substring(sha256(convert_to(value, 'UTF8')) from 1 for 8), 'hex'))::bit(64)::bigint;

-- The dictionary of interned token sets: one row per distinct set of codes of one parameter, and the tokens that find it.
create table token_set (cc bigint primary key, doc text not null);
create table token (tok bigint not null, cc bigint not null, primary key (tok, cc));

-- Side tables of search values, one per kind; `type` and `param` name the declaration.
create table search_string (
  type text collate "C" not null, param text collate "C" not null, patient text collate "C" not null,
  id text collate "C" not null, folded text collate "C" not null, exact text collate "C" not null);
create index search_string_value on search_string (type, param, folded text_pattern_ops, id);
create index search_string_id on search_string (type, id);

create table search_date (
  type text collate "C" not null, param text collate "C" not null, patient text collate "C" not null,
  id text collate "C" not null, date_lo timestamptz not null, date_hi timestamptz not null);
create index search_date_value on search_date (type, param, date_lo, id);
create index search_date_id on search_date (type, id);

create table search_quantity (
  type text collate "C" not null, param text collate "C" not null, patient text collate "C" not null,
  id text collate "C" not null, low double precision not null, high double precision not null,
  system text, code text, unit text);
create index search_quantity_value on search_quantity (type, param, low, id);
create index search_quantity_id on search_quantity (type, id);

-- Every access, written before its answer leaves: lines of JSON, several accesses to a row where they shared a statement.
create table audit_raw (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  lines text not null);
