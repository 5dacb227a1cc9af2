-- Whether an account is open stands beside each actor of the person, too, and cannot differ: each request of a patient's app
-- asks for both, by one look into one index.
drop index person_open;
alter table person add constraint person_state unique (id, state);
alter table person_actor add column state text not null default 'active';
update person_actor a set state = p.state from person p where p.id = a.person and p.state <> 'active';
alter table person_actor
  drop constraint person_actor_person_fkey,
  add constraint person_actor_person_state_fkey foreign key (person, state)
    references person (id, state) on update cascade on delete cascade,
  drop constraint person_actor_pkey,
  add constraint person_actor_pkey primary key (person, actor) include (state);
