do $$
declare
  list record;
begin
  for list in select indexname from pg_indexes
    where schemaname = current_schema() and indexname = tablename || '_patient' and indexdef like '%date_lo%'
  loop
    execute format('drop index %I', list.indexname);
  end loop;
end $$;
