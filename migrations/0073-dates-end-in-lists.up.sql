-- The index of each patient's list knows where a date ends, too, so that a row outside of what is asked for is not fetched.
-- The server makes them again, with that column, when the migrations are done.
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
