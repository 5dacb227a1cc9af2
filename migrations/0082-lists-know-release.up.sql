-- The index of each patient's list knows the status of a row and from when on she may see it, so that her resources are counted
-- without being fetched. The server makes the indexes again, with these columns, when the migrations are done.
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
