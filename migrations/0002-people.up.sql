-- Who may sign in, who they are in the records, and whose records they reach.

create table person (
  id text primary key,
  email text not null,
  -- One account to one address: "ALICE@example.org" is the same address as "alice@example.org".
  email_folded text not null unique,
  user_name text,
  user_name_folded text unique,
  name text not null,
  password_hash text,
  state text not null default 'active',
  created_at timestamptz not null default now()
);

-- A person is one or more actors in the records: Patient/x, RelatedPerson/y, or an identifier as system|value.
create table person_actor (
  person text not null references person (id) on delete cascade,
  actor text not null,
  primary key (person, actor)
);
create index person_actor_actor on person_actor (actor);

-- What active Consents give to an actor. Rows are written with the Consent, in its transaction.
create table reach (
  actor text not null,
  patient text not null,
  topics text[] not null,
  begins timestamptz not null,
  ends timestamptz not null,
  consent text not null,
  primary key (consent, actor, patient)
);
create index reach_actor on reach (actor);

-- Sign-in attempts per name typed and per address, both as sha256: the back-off must hold in every process.
create table sign_in_attempt (
  key bytea primary key,
  failures integer not null,
  blocked_until timestamptz not null,
  last_at timestamptz not null
);
create index sign_in_attempt_last_at on sign_in_attempt (last_at);
