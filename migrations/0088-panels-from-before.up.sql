-- The values of a panel are released with it (decision 0081) also where all of it was stored before that was so. Only what is held back
-- now has to pass that on: one look through the results for panels that are, without reading what any result says.
do $$
begin
  if to_regclass('observation') is null then
    return;
  end if;
  create temporary table held_by_panel on commit drop as
    with recursive held (id, release_at) as (
      select substr(ref, length('has-member>Observation/') + 1), p.release_at
      from observation p, unnest(p.refs) ref
      where p.release_at > now() and starts_with(ref, 'has-member>Observation/')
      union
      select substr(ref, length('has-member>Observation/') + 1), h.release_at
      from held h join observation r on r.id = h.id, unnest(r.refs) ref
      where starts_with(ref, 'has-member>Observation/'))
    select id, max(release_at) as release_at from held group by id;
  update observation r set release_at = h.release_at from held_by_panel h where r.id = h.id and r.release_at < h.release_at;
  -- What says where a result came from is not shown before it.
  if to_regclass('provenance') is not null then
    update provenance r set release_at = f.latest
    from (select p.id, max(h.release_at) as latest
        from held_by_panel h join provenance p on p.keys @> array[index_key('target>Observation/' || h.id)]
        group by p.id) f
    where r.id = f.id and r.release_at < f.latest;
  end if;
  drop table held_by_panel;
end $$;
