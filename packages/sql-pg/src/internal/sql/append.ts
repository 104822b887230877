/** The key of the lock that puts appends in order. */
export const appendLock = (name: string): string => `hashtextextended('refold:append:${name}', 0)`

/**
 * Appends a batch in one round trip. Every row of the arguments is an event, or an append without events (`ordinal` 0),
 * which only checks its condition. The rows of one append stand together, and `ordinal` counts its events from 1. Unless
 * the batch is `atomic`, each append succeeds or is refused on its own. No two are to one stream.
 *
 * Positions must become visible in their own order, so only one append statement at a time may be between taking a
 * position and committing. The advisory lock that sees to it is taken first rather than last: no append waits for it while
 * holding anything that another append needs, so appends cannot deadlock with each other, however many of them a
 * transaction makes (with rows of the user's own they can, as with any lock); and the snapshot of the statement below,
 * taken after the lock, contains every append before it, so that the last event of a stream is all it takes to judge a
 * condition. Under REPEATABLE READ the snapshot is older; there the unique key on stream and version refuses what was
 * judged on it.
 *
 * Returns, for each append (by its first row, counted from 1), the events that were in the stream after the version it
 * knew, and then what became of it (`missed` is false): the version the stream had, and the position of the first event
 * now appended or, without one, of the stream's last.
 *
 * Plans are made once per session, for any batch and while the tables may still be small: nothing may depend on sizes.
 * What is assigned instead of performed is evaluated without a query of its own.
 */
export const appendFunction = (name: string): string =>
  `create or replace function "${name}".append(
  writes boolean, atomic boolean,
  ordinals integer[], tenants text[], categories text[], stream_ids text[],
  at_least bigint[], at_most bigint[], since bigint[], only_types text[],
  event_ids uuid[], event_types text[], schema_versions integer[], event_data text[], event_metadata text[]
) returns table (
  first_row bigint, missed boolean, accepted boolean, version bigint, "position" bigint, recorded_at timestamptz,
  event_id uuid, type text, schema_version integer, data json, metadata json
)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  nothing text;
  instant timestamptz;
  next bigint;
begin
  nothing := pg_advisory_xact_lock(${appendLock(name)});
  instant := clock_timestamp();
  if writes then
    next := nextval('"${name}".positions');
    nothing := pg_notify('${name}', '');
  end if;
  return query
    with judged as materialized (
      select r.*, coalesce(s.version, 0) as actual, coalesce(s.position, 0) as last_position,
        coalesce(s.version, 0) between r.at_least and r.at_most
        and (coalesce(s.version, 0) <= r.since or not exists (
          select from "${name}".events e
          where e.tenant = r.tenant and e.category = r.category and e.stream_id = r.stream_id
            and e.version > r.since and not r.only_types::jsonb ? e.type
        )) as holds
      from unnest(
        ordinals, tenants, categories, stream_ids, at_least, at_most, since, only_types,
        event_ids, event_types, schema_versions, event_data, event_metadata
      ) with ordinality as r(
        ordinal, tenant, category, stream_id, at_least, at_most, since, only_types,
        event_id, type, schema_version, data, metadata, n
      ) left join lateral (
        select e.version, e.position from "${name}".events e
        where e.tenant = r.tenant and e.category = r.category and e.stream_id = r.stream_id
        order by e.version desc limit 1
      ) s on true
    ),
    -- the sequence may be behind what was copied here without it, as by logical replication
    positions as materialized (
      select base, case when writes then setval('"${name}".positions', base + cardinality(ordinals)) end
      from (select greatest(next - 1, max(e.position)) as base from "${name}".events e) as known
    ),
    inserted as (
      insert into "${name}".events (
        position, tenant, category, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at
      )
      select p.base + n, tenant, category, stream_id, actual + ordinal, event_id, type, schema_version,
        data::json, metadata::json, instant
      from judged cross join positions p
      where holds and ordinal > 0 and (not atomic or (select bool_and(holds) from judged))
    )
    (select j.n, true, j.holds, e.version, e.position, e.recorded_at,
      e.event_id, e.type, e.schema_version, e.data, e.metadata
    from judged j cross join lateral (
      select * from "${name}".events
      where tenant = j.tenant and category = j.category and stream_id = j.stream_id
        and version > least(j.since, j.at_most)
      order by version offset 0
    ) e
    where j.ordinal <= 1 and j.actual > least(j.since, j.at_most))
    union all
    select n, false, holds, actual, case when holds and ordinal > 0 then p.base + n else last_position end, instant,
      null::uuid, null::text, null::integer, null::json, null::json
    from judged cross join positions p where ordinal <= 1;
end $$`
