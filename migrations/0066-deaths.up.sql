-- Patients whose record nobody reaches any more, as the actors that they are: those who have died.
create table ended_reach (actor text primary key);
-- The tables of the declared types are there where the server has run before.
do $$ begin
  if to_regclass('patient') is not null then
    insert into ended_reach (actor)
      select 'Patient/' || id from patient
      where content::json ->> 'deceasedBoolean' = 'true' or content::json ->> 'deceasedDateTime' is not null;
  end if;
end $$;
