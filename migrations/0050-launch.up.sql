-- EHR launch: a handle that a hospital system was given for one app, one patient and perhaps one person. Kept as its
-- sha256; used once, by the grant that the person gives.

create table launch (
  id_hash bytea primary key,
  client_id text not null,
  made_by text not null,
  patient text not null,
  fhir_user text,
  -- What the app is told beside the patient, in the words of the token response: encounter, intent, fhirContext …
  parameters jsonb not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null default now()
);
create index launch_expires on launch (expires_at);

alter table launch_context add column parameters jsonb not null default '{}';
