/**
 * Removes events, but for the last one of each stream, from which its versions go on; and of the log, its positions. Whoever
 * may not delete events may not do so by this. That rewriting is allowed ends with the function.
 *
 * Nobody has to wait for it but another that removes the same: both lock in the order of the log. Plans are made once per
 * session, for any size: events are found one by one, by their ids.
 */
export const discardFunction = (name: string): string =>
  `create or replace function "${name}".discard(of_tenant text, of_category text, ids uuid[], up_to bigint) returns bigint
language plpgsql
set refold.allow_rewriting = 'on'
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  removed bigint;
begin
  with known as materialized (
    select e.position from unnest(ids) as wanted(id) cross join lateral (
      select position, tenant, category from "${name}".events where event_id = wanted.id offset 0
    ) e
    where e.tenant = of_tenant and e.category = of_category and e.position <= up_to
  ),
  found as materialized (
    select e.place from (select position from known order by position) k cross join lateral (
      select e.ctid as place from "${name}".events e
      where e.position = k.position and e.version < (
        select last.version from "${name}".events last
        where last.tenant = e.tenant and last.category = e.category and last.stream_id = e.stream_id
        order by last.version desc limit 1
      )
      for update of e
    ) e
  )
  delete from "${name}".events where ctid = any(array(select place from found));
  get diagnostics removed = row_count;
  return removed;
end $$`
