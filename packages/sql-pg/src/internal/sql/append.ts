/**
 * Appends a batch: any number of appends to different streams, each of which succeeds or is refused on its own.
 *
 * Positions must become visible in their own order, so one append statement at a time may be between taking a position
 * and committing. The advisory lock that sees to it is taken first rather than last: no append waits for it while
 * holding the row of a stream that another append needs, so appends cannot deadlock with each other, however many of them
 * a transaction makes (with rows of the user's own they can, like any lock); and the
 * snapshot of the statement below, taken after the lock, contains every append before it. Under REPEATABLE READ the
 * snapshot is older; there the upsert of the stream's row fails with a serialization error if the row has moved on.
 *
 * Returns a row per append (`missed` is false), and a row per event that was in the stream after the version the append
 * knew.
 *
 * Plans are cached while the tables are still small, so nothing may depend on their size: the look-ups are lateral, to be
 * done by key for each append, and sequential scans are off.
 */
export const appendFunction = (name: string): string =>
  `create or replace function "${name}".append(
  appends json,
  event_append integer[], event_ids uuid[], event_types text[], event_schema_versions integer[],
  event_data text[], event_metadata text[]
) returns table (
  append integer, missed boolean, accepted boolean, version bigint, "position" bigint, recorded_at timestamptz,
  event_id uuid, type text, schema_version integer, data json, metadata json
)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  instant timestamptz;
  wrote boolean := false;
begin
  perform pg_advisory_xact_lock(hashtextextended('refold:append:${name}', 0));
  instant := clock_timestamp();
  for append, missed, accepted, version, "position", recorded_at, event_id, type, schema_version, data, metadata in
    with request as (
      select * from json_to_recordset(appends) as r(
        append integer, tenant text, category text, stream_id text,
        at_least bigint, at_most bigint, since bigint, types jsonb, known bigint
      )
    ),
    judged as (
      select r.*, coalesce(s.version, 0) as actual, coalesce(s.position, 0) as last_position,
        coalesce(s.version, 0) >= r.at_least
        and (r.at_most is null or coalesce(s.version, 0) <= r.at_most)
        and (r.since is null or s.version is null or not exists (
          select from jsonb_each(s.last_version_by_type) l
          where l.value::bigint > r.since and not r.types ? l.key
        )) as holds
      from request r left join lateral (
        select version, position, last_version_by_type from "${name}".streams
        where tenant = r.tenant and category = r.category and stream_id = r.stream_id
        limit 1
      ) s on true
    ),
    placed as (
      select p.*, nextval('"${name}".positions') as position
      from (
        select j.tenant, j.category, j.stream_id, e.*,
          j.actual + row_number() over (partition by e.append order by e.ordinal) as version
        from judged j join unnest(
          event_append, event_ids, event_types, event_schema_versions, event_data, event_metadata
        ) with ordinality as e(append, event_id, type, schema_version, data, metadata, ordinal) using (append)
        where j.holds
        order by e.ordinal
      ) p
    ),
    moved as (
      insert into "${name}".streams as s (tenant, category, stream_id, version, position, last_version_by_type)
      select tenant, category, stream_id, max(version), max(position), jsonb_object_agg(type, version)
      from (
        select tenant, category, stream_id, type, max(version) as version, max(position) as position
        from placed group by tenant, category, stream_id, type
      ) as last_by_type
      group by tenant, category, stream_id
      on conflict (tenant, category, stream_id) do update set
        version = excluded.version,
        position = excluded.position,
        last_version_by_type = s.last_version_by_type || excluded.last_version_by_type
      returning tenant, category, stream_id, version, position
    ),
    inserted as (
      insert into "${name}".events (
        position, tenant, category, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at
      )
      select p.position, tenant, category, stream_id, p.version, event_id, type, schema_version,
        data::json, metadata::json, instant
      from placed p join moved m using (tenant, category, stream_id)
    )
    select j.append, false, j.holds, coalesce(m.version, j.actual), coalesce(m.position, j.last_position), instant,
      null::uuid, null::text, null::integer, null::json, null::json
    from judged j left join moved m using (tenant, category, stream_id)
    union all
    (select j.append, true, j.holds, e.version, e.position, e.recorded_at,
      e.event_id, e.type, e.schema_version, e.data, e.metadata
    from judged j cross join lateral (
      select * from "${name}".events
      where tenant = j.tenant and category = j.category and stream_id = j.stream_id and version > j.known
      order by version offset 0
    ) e
    where j.actual > j.known)
  loop
    wrote := wrote or accepted;
    return next;
  end loop;
  if wrote and cardinality(event_ids) > 0 then
    perform pg_notify('${name}', '');
  end if;
end $$`
