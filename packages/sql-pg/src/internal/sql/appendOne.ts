import { appendLock } from "./append.ts"

/**
 * Appends one event, or checks a condition (`ordinal` 0), as a batch of one would: when nobody else appends, two small
 * queries and arguments that are no arrays cost half as much. What has missed something is a batch.
 */
export const appendOneFunction = (name: string): string =>
  `create or replace function "${name}".append_one(
  writes boolean, tenant text, category text, stream_id text, at_least bigint, at_most bigint, since bigint,
  only_types text, event_id uuid, event_type text, schema_version integer, event_data text, event_metadata text,
  out first_row bigint, out missed boolean, out accepted boolean, out version bigint, out "position" bigint,
  out recorded_at timestamptz, out event_id_missed uuid, out type text, out schema_version_missed integer,
  out data json, out metadata json
) returns setof record
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  nothing text;
  next bigint;
  top bigint;
begin
  nothing := pg_advisory_xact_lock(${appendLock(name)});
  recorded_at := clock_timestamp();
  select s.version, s.position, known.top into version, position, top
  from (select max(e.position) as top from "${name}".events e) known left join lateral (
    select e.version, e.position from "${name}".events e
    where e.tenant = append_one.tenant and e.category = append_one.category and e.stream_id = append_one.stream_id
    order by e.version desc limit 1
  ) s on true;
  version := coalesce(version, 0);
  if writes then
    next := nextval('"${name}".positions');
  end if;
  if version > least(since, at_most) or next <= top then
    return query select * from "${name}".append(
      writes, false, array[case when writes then 1 else 0 end], array[tenant], array[category], array[stream_id],
      array[at_least], array[at_most], array[since], array[only_types],
      array[append_one.event_id], array[event_type], array[append_one.schema_version], array[event_data], array[event_metadata]
    );
    return;
  end if;
  first_row := 1;
  missed := false;
  accepted := version >= at_least;
  position := coalesce(position, 0);
  if accepted and writes then
    insert into "${name}".events (
      position, tenant, category, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at
    ) values (
      next, append_one.tenant, append_one.category, append_one.stream_id, append_one.version + 1, append_one.event_id,
      event_type, append_one.schema_version, event_data::json, event_metadata::json, append_one.recorded_at
    );
    position := next;
    nothing := pg_notify('${name}', '');
  end if;
  return next;
end $$`
