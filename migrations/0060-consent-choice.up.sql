-- What a person ticked the last time that an app asked for a record, by the keys of the questions: the next page starts
-- with it. It gives no access; that is in the grants.
create table consent_choice (
  person text not null references person (id) on delete cascade,
  client_id text not null,
  -- Empty where the app asked for nobody's record.
  patient text not null,
  asked text[] not null,
  ticked text[] not null,
  decided_at timestamptz not null,
  primary key (person, client_id, patient));
