-- The audit record is read once more, in the order of its transactions, to be summed up for the patients whom it is about.
alter table audit_raw add column tx xid8 not null default '0';
alter table audit_raw alter column tx set default pg_current_xact_id();
alter table audit_raw drop constraint audit_raw_pkey;
alter table audit_raw add primary key (tx, id);

-- How far it has been read: all transactions before `tx` and, of this one, all rows up to `id`.
create table audit_read (
  one boolean primary key default true check (one),
  tx xid8 not null,
  id bigint not null);
insert into audit_read (tx, id) values ('0', 0);

-- Who looked at whose record, by the hour: what a patient is shown. The audit record itself stays what counts.
create table record_access (
  patient text collate "C" not null,
  hour timestamptz not null,
  actor text collate "C" not null,
  person text collate "C" not null,
  client text collate "C" not null,
  -- looked or changed
  act text collate "C" not null,
  type text collate "C" not null,
  -- From when on the patient may know: that there is a result which is not released yet is itself not to be told.
  shown_from timestamptz not null,
  items int not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (patient, hour, actor, person, client, act, type, shown_from));

-- When a person's app was last used, for which record; without a patient for what was about none.
create table app_use (
  person text collate "C" not null,
  client text collate "C" not null,
  patient text collate "C" not null,
  last_at timestamptz not null,
  primary key (person, client, patient));
