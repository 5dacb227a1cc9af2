alter table person_actor
  drop constraint person_actor_pkey,
  add constraint person_actor_pkey primary key (person, actor),
  drop constraint person_actor_person_state_fkey,
  drop column state,
  add constraint person_actor_person_fkey foreign key (person) references person (id) on delete cascade;
alter table person drop constraint person_state;
create index person_open on person (id) where state = 'active';
