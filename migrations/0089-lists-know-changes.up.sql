-- The index of each patient's list knows when a row was changed: an app that asks what is new since it last asked reads nothing of
-- what it knows. The server makes the indexes again, with this column, when the migrations are done.
do $$
declare
  list record;
begin
  for list in select i.indexname from pg_indexes i join pg_attribute a on a.attname = 'release_at'
      and a.attrelid = format('%I.%I', i.schemaname, i.tablename)::regclass
    where i.schemaname = current_schema() and i.indexname = i.tablename || '_patient'
  loop
    execute format('drop index %I', list.indexname);
  end loop;
end $$;
