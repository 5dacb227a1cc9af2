-- Days of UTC again, as the version before reads them.
do $$
begin
  if to_regclass('consent') is null then
    return;
  end if;
  update reach r set
    begins = case when length(p.first) <= 10 then r.begins at time zone 'Europe/London' at time zone 'UTC' else r.begins end,
    ends = case when length(p.last) <= 10 then r.ends at time zone 'Europe/London' at time zone 'UTC' else r.ends end
  from consent c, lateral (select c.content::json -> 'provision' -> 'period' as period) of,
    lateral (select of.period ->> 'start' as first, of.period ->> 'end' as last) p
  where r.consent = 'Consent/' || c.id and (length(p.first) <= 10 or length(p.last) <= 10);
end $$;
