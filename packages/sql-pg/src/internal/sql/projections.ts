/** Every statement that projections send, by what it does. `$1` and `$2` are the projection and its version. */
export const projectionStatements = (name: string) => ({
  // whoever comes second finds the partitions of the first, committed
  register: `with made as (
      insert into "${name}".partitions (projection, version, partition, categories, gate)
      select $1, $2, partition, $4::text[],
        case when exists (select from "${name}".live_versions where projection = $1) then ${Number.MAX_SAFE_INTEGER} else 0 end
      from generate_series(0, $3::integer - 1) partition
      where not exists (select from "${name}".partitions where projection = $1 and version = $2)
      on conflict do nothing
    )
    insert into "${name}".live_versions (projection, version) values ($1, $2) on conflict do nothing`,

  countPartitions:
    `select count(*)::integer as partitions from "${name}".partitions where projection = $1 and version = $2`,

  // the others who have asked lately, in a fixed order: of partitions that do not divide evenly the first get one more
  greet: `with me as (
      insert into "${name}".workers (projection, version, worker, seen_until)
      values ($1, $2, $3, clock_timestamp() + $4::float8 * interval '1 ms')
      on conflict (projection, version, worker) do update set seen_until = excluded.seen_until
    ), gone as (
      delete from "${name}".workers
      where projection = $1 and version = $2 and worker <> $3 and seen_until < clock_timestamp() - interval '1 minute'
    )
    select count(*)::integer as others, (count(*) filter (where worker < $3))::integer as before
    from "${name}".workers
    where projection = $1 and version = $2 and worker <> $3 and seen_until > clock_timestamp()`,

  renew: `with renewed as (
      update "${name}".partitions set lease_until = clock_timestamp() + $4::float8 * interval '1 ms'
      where projection = $1 and version = $2 and owner = $3
      returning 1
    )
    select count(*)::integer as partitions,
      (count(*) filter (where owner = $3 and status = 'running' and (until is null or position < until)))::integer as mine
    from "${name}".partitions where projection = $1 and version = $2`,

  acquire: `with free as materialized (
      select partition from "${name}".partitions
      where projection = $1 and version = $2 and status = 'running' and (until is null or position < until)
        and owner is distinct from $3 and lease_until <= clock_timestamp()
      order by partition limit $5 for update skip locked
    )
    update "${name}".partitions p
    set owner = $3, lease_until = clock_timestamp() + $4::float8 * interval '1 ms', token = token + 1
    from free where p.projection = $1 and p.version = $2 and p.partition = free.partition`,

  claims: `select partition, token, position, until, gate, exists (
      select from "${name}".parked k where k.projection = $1 and k.version = $2 and k.partition = p.partition
        and k.is_to_retry
    ) as may_retry
    from "${name}".partitions p
    where projection = $1 and version = $2 and owner = $3 and status = 'running' and (until is null or position < until)
    order by partition`,

  release: `with gone as (
      delete from "${name}".workers where projection = $1 and version = $2 and worker = $3 and $4::integer is null
    )
    update "${name}".partitions set owner = null, lease_until = '-infinity'
    where projection = $1 and version = $2 and owner = $3 and ($4::integer is null or partition = $4)`,

  // no row, no move: the partition is somebody else's by now, or not where the worker left it
  move: `update "${name}".partitions
    set position = $6, handled = handled + $7, moved_at = clock_timestamp()
    where projection = $1 and version = $2 and partition = $3 and token = $4 and position = $5
      and (until is null or until >= $6)
    returning pg_notify('${name}_moved', '')::text`,

  stop: `update "${name}".partitions
    set status = 'stopped', error = $5, owner = null, lease_until = '-infinity'
    where projection = $1 and version = $2 and partition = $3 and token = $4`,

  park: `with events as (
      select * from json_to_recordset($3::json) as e(
        partition integer, position bigint, tenant text, category text, "streamId" text, "eventVersion" bigint, type text,
        error text, "isSkipped" boolean
      )
    ), failed as (
      update "${name}".partitions p set error = e.error from events e
      where e.error <> '' and p.projection = $1 and p.version = $2 and p.partition = e.partition
    )
    insert into "${name}".parked as k (
      projection, version, partition, position, tenant, category, stream_id, event_version, type, error, is_skipped
    )
    select $1, $2, partition, position, tenant, category, "streamId", "eventVersion", type, error, "isSkipped" from events
    on conflict (projection, version, position) do update
    set error = excluded.error, is_skipped = excluded.is_skipped, is_to_retry = false`,

  parked: `select partition, position, tenant, category, stream_id, event_version, type, error, is_skipped, is_to_retry,
      parked_at
    from "${name}".parked
    where projection = $1 and version = $2 and ($3::integer is null or partition = $3)
    order by position`,

  unpark: `delete from "${name}".parked where projection = $1 and version = $2 and position = any($3::bigint[])`,

  retryParked: `update "${name}".parked set is_to_retry = $3
    where projection = $1 and version = $2 and not is_skipped
      and ($4::text is null or (tenant = $4 and category = $5 and stream_id = $6))`,

  list: `select p.projection, p.version, p.partition, p.status, p.position, p.handled, p.moved_at, p.error,
      case when p.lease_until > clock_timestamp() then p.owner end as owner,
      l.version is not distinct from p.version as is_live,
      (select coalesce(max(position), 0) from "${name}".events) as log_end,
      (select e.recorded_at from "${name}".events e
        where e.position > p.position and e.category = any(p.categories) order by e.position limit 1) as behind_since,
      (select count(*) from "${name}".parked k
        where k.projection = p.projection and k.version = p.version and k.partition = p.partition)::integer as parked
    from "${name}".partitions p left join "${name}".live_versions l using (projection)
    where $1::text is null or p.projection = $1
    order by p.projection, p.version, p.partition`,

  setStatus: `update "${name}".partitions
    set status = $3, until = case when $4::boolean then $5 else until end, gate = coalesce($6, gate),
      error = case when $3 = 'running' then null else error end
    where projection = $1 and version = $2
    returning pg_notify('${name}_moved', '')::text`,

  moveTo: `with dropped as (
      delete from "${name}".view_rows where view = $1 and version = $2 and $3::bigint = 0
    ), forgotten as (
      delete from "${name}".parked where projection = $1 and version = $2 and $3::bigint = 0
    )
    update "${name}".partitions
    set position = $3::bigint, token = token + 1, owner = null, lease_until = '-infinity',
      handled = case when $3::bigint = 0 then 0 else handled end, error = case when $3::bigint = 0 then null else error end
    where projection = $1 and version = $2
    returning pg_notify('${name}_moved', '')::text`,

  makeLive: `with live as (
      insert into "${name}".live_versions (projection, version) values ($1, $2)
      on conflict (projection) do update set version = excluded.version
      returning 1
    )
    select pg_notify('${name}_moved', '')::text from live`,

  liveVersion: `select version from "${name}".live_versions where projection = $1`,

  drop: `with rows as (
      delete from "${name}".view_rows where view = $1 and version = $2
    ), parked as (
      delete from "${name}".parked where projection = $1 and version = $2
    ), workers as (
      delete from "${name}".workers where projection = $1 and version = $2
    ), live as (
      delete from "${name}".live_versions where projection = $1 and version = $2
    )
    delete from "${name}".partitions where projection = $1 and version = $2`,

  rows: `select r.tenant, r.key, r.position, r.state::text as state
    from unnest($3::text[], $4::text[]) as wanted(tenant, key)
    join "${name}".view_rows r on r.view = $1 and r.version = $2 and r.tenant = wanted.tenant and r.key = wanted.key`,

  saveRows: `insert into "${name}".view_rows (view, version, tenant, key, position, state)
    select $1, $2, r.tenant, r.key, r.position, r.state::json
    from unnest($3::text[], $4::text[], $5::bigint[], $6::text[]) as r(tenant, key, position, state)
    on conflict (view, version, tenant, key) do update set position = excluded.position, state = excluded.state`,

  // in a transaction, one after the other: what is capped has not gone beyond the end that is read then
  lockAll: `select from "${name}".partitions where projection = $1 and version = $2 for update`,

  cap: `update "${name}".partitions set until = (select coalesce(max(position), 0) from "${name}".events)
    where projection = $1 and version = $2
    returning until, pg_notify('${name}_moved', '')::text`,

  lock: `select partition, token, position, until, gate, false as may_retry
    from "${name}".partitions where projection = $1 and version = $2 and partition = $3 for update`,

  // the position and the rows as of one moment
  page: `select p.position as reached, p.is_readable, r.key, r.position, r.state::text as state
    from (
      select coalesce(min(position), 0) as position,
        coalesce(bool_and(status = 'retired') or exists (
          select from "${name}".live_versions where projection = $1 and version = $2
        ), false) as is_readable
      from "${name}".partitions where projection = $1 and version = $2
    ) p left join lateral (
      select key, position, state from "${name}".view_rows
      where view = $1 and version = $2 and tenant = $3 and ($4::text is null or key > $4) and ($6::text is null or key = $6)
      order by key limit $5
    ) r on true
    order by r.key`,

  changes: `select r.tenant, r.key, r.position, r.state::text as state
    from "${name}".view_rows r
    where r.view = $1 and r.version = $2 and r.tenant = $3 and r.position > $4 and r.position <= (
      select coalesce(min(position), 0) from "${name}".partitions where projection = $1 and version = $2
    )
    order by r.position limit $5`
})
