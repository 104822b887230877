/**
 * Removes events, but for the last one of each stream, from which its versions go on; and of the log, its positions. Whoever
 * may not delete events may not do so by this. That rewriting is allowed ends with the function.
 *
 * Nobody has to wait for it but another that removes the same: both lock in the order of the log. Plans are made once per
 * session, and must not depend on sizes.
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
  with found as materialized (
    select e.ctid as place from "${name}".events e
    where e.event_id = any(ids) and e.tenant = of_tenant and e.category = of_category and e.position <= up_to
      and e.version < (
        select last.version from "${name}".events last
        where last.tenant = e.tenant and last.category = e.category and last.stream_id = e.stream_id
        order by last.version desc limit 1
      )
    order by e.position for update of e
  )
  delete from "${name}".events where ctid = any(array(select place from found));
  get diagnostics removed = row_count;
  return removed;
end $$`
