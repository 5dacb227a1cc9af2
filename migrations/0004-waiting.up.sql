-- Resources that name their patient by an identifier which no Patient carries yet: they are linked when she arrives.
create table waiting (
  key bigint not null, type text collate "C" not null, id text collate "C" not null,
  primary key (key, type, id));
create index waiting_id on waiting (type, id);
