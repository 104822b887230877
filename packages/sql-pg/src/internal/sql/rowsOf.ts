/**
 * The rows of a view with these keys, each looked up by itself. Plans are made while there are hardly any rows, and are kept
 * when there are many: they must not read them all.
 */
export const rowsFunction = (name: string): string => `
create function "${name}".rows_of(of_view text, of_version integer, tenants text[], keys text[])
returns table (tenant text, key text, "position" bigint, state text)
language plpgsql stable
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  return query
    select r.tenant, r.key, r.position, r.state::text
    from unnest(tenants, keys) as wanted(tenant, key) cross join lateral (
      select one.tenant, one.key, one.position, one.state from "${name}".view_rows one
      where one.view = of_view and one.version = of_version and one.tenant = wanted.tenant and one.key = wanted.key
      offset 0
    ) r;
end $$`
