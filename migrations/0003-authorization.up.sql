-- The authorization server's storage. Every identifier that is itself a credential is kept as its sha256.

create table oidc_payload (
  model text not null,
  id_hash bytea not null,
  payload jsonb not null,
  grant_hash bytea,
  uid_hash bytea,
  user_code_hash bytea,
  account_id text,
  client_id text,
  expires_at timestamptz,
  consumed_at timestamptz,
  primary key (model, id_hash)
);
create index oidc_payload_grant on oidc_payload (grant_hash) where grant_hash is not null;
create index oidc_payload_uid on oidc_payload (uid_hash) where uid_hash is not null;
create index oidc_payload_user_code on oidc_payload (user_code_hash) where user_code_hash is not null;
create index oidc_payload_account on oidc_payload (account_id, model) where account_id is not null;
create index oidc_payload_expires on oidc_payload (expires_at);

-- Access tokens that were taken back before their end; every process keeps these in memory.
create table revoked_token (
  jti_hash bytea primary key,
  exp timestamptz not null
);
create index revoked_token_exp on revoked_token (exp);

create function revoke_access_token() returns trigger language plpgsql as $$
begin
  insert into revoked_token (jti_hash, exp) values (old.id_hash, old.expires_at) on conflict do nothing;
  perform pg_notify('portico_revoked', encode(old.id_hash, 'hex') || ' ' || ceil(extract(epoch from old.expires_at)));
  return null;
end $$;

-- The clean-up of what has expired must not fill the set: an expired token is refused without it.
create trigger revoke_access_token after delete on oidc_payload
  for each row when (old.model in ('AccessToken', 'ClientCredentials') and old.expires_at > now())
  execute function revoke_access_token();

-- What a launch told the app beside the token: whose record, and as whom. One row for each grant.
create table launch_context (
  grant_hash bytea primary key,
  person text not null references person (id) on delete cascade,
  client_id text not null,
  patient text,
  fhir_user text,
  proxy boolean not null,
  created_at timestamptz not null default now()
);
create index launch_context_person on launch_context (person);

-- Private keys are sealed with a key derived from PORTICO_SECRET.
create table signing_key (
  kid text primary key,
  alg text not null,
  sealed bytea not null,
  created_at timestamptz not null default now(),
  retired_at timestamptz
);

create table client (
  client_id text primary key,
  name text not null,
  kind text not null check (kind in ('public', 'confidential', 'backend')),
  -- RFC 7591 members without client_id, client_name, scope and client_secret, which have columns of their own.
  metadata jsonb not null default '{}',
  scopes text not null,
  secret text,
  state text not null default 'active' check (state in ('active', 'disabled')),
  created_at timestamptz not null default now()
);

-- What the FHIR side reads of a client: whether a bundle's unserved types are refused or skipped.
create table client_setting (
  client_id text primary key,
  unserved text not null default 'refuse' check (unserved in ('refuse', 'skip'))
);
