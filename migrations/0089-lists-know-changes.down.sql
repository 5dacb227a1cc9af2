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
