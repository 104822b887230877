import { notifyMoved } from "../watching.ts"
import { everything, limits, versionStatements } from "./versions.ts"

/** How many positions after that of a partition are looked through for events that it has not handled. */
const lookedThrough = 1_000

/** Whether a partition may be handled. */
const isOpen = "p.status = 'running' and (limits.until is null or p.position < limits.until)"

/** Every statement that projections send, by what it does. `$1` and `$2` are the projection and its version. */
export const projectionStatements = (name: string) => ({
  // whoever comes second waits for the first to commit, and then makes none; whoever comes later does not wait for rows
  // that a batch has locked
  register: `with live as (
      insert into "${name}".live_versions (projection, version)
      select $1, $2 where not exists (select from "${name}".partitions where projection = $1)
      on conflict do nothing
      returning version
    ), first as (
      insert into "${name}".partitions (projection, version, partition, categories, gates, is_readable)
      select $1, $2, 0, $4::text[],
        case when exists (select from live) then '{0}'::bigint[] else ${everything} end, exists (select from live)
      where not exists (select from "${name}".partitions where projection = $1 and version = $2)
      on conflict do nothing
      returning gates, is_readable
    )
    insert into "${name}".partitions (projection, version, partition, categories, gates, is_readable)
    select $1, $2, partition, $4::text[], gates, is_readable from first, generate_series(1, $3::integer - 1) partition`,

  countPartitions:
    `select count(*)::integer as partitions from "${name}".partitions where projection = $1 and version = $2`,

  // a worker has one lease for all of its partitions, in a row that no batch ever locks. Of partitions that do not divide
  // evenly the first workers get one more
  greet: `with ${limits(name)}, me as (
      insert into "${name}".workers as w (projection, version, worker, seen_until)
      values ($1, $2, $3, clock_timestamp() + $4::float8 * interval '1 ms')
      on conflict (projection, version, worker) do update set seen_until = excluded.seen_until
      where w.seen_until < excluded.seen_until - $4::float8 * interval '0.25 ms'
    ), gone as (
      delete from "${name}".workers
      where projection = $1 and version = $2 and worker <> $3 and seen_until < clock_timestamp() - interval '1 minute'
    ), alive as (
      select worker from "${name}".workers
      where projection = $1 and version = $2 and worker <> $3 and seen_until > clock_timestamp()
    )
    select (select count(*) from alive)::integer as others,
      (select count(*) from alive where worker < $3)::integer as before,
      count(*)::integer as partitions,
      (count(*) filter (where owner = $3 and ${isOpen}))::integer as mine,
      (count(*) filter (
        where owner is distinct from $3 and ${isOpen} and not exists (select from alive where worker = p.owner)
      ))::integer as free
    from "${name}".partitions p join limits using (partition) where projection = $1 and version = $2`,

  // what a batch has locked is not free; what another has taken since it was looked at has another token
  acquire: `with ${limits(name)}, free as materialized (
      select partition, token from "${name}".partitions p join limits using (partition)
      where projection = $1 and version = $2 and ${isOpen} and owner is distinct from $3 and not exists (
        select from "${name}".workers w
        where w.projection = $1 and w.version = $2 and w.worker = p.owner and w.seen_until > clock_timestamp()
      )
    ), locked as materialized (
      select p.partition from "${name}".partitions p join free using (partition)
      where p.projection = $1 and p.version = $2 and p.token = free.token
      order by p.partition limit $4 for update of p skip locked
    )
    update "${name}".partitions p set owner = $3, token = token + 1
    from locked where p.projection = $1 and p.version = $2 and p.partition = locked.partition`,

  claims: `with ${limits(name)}
    select partition, token, position, until, gates, exists (
      select from "${name}".parked k where k.projection = $1 and k.version = $2 and k.partition = p.partition
        and k.is_to_retry
    ) as may_retry
    from "${name}".partitions p join limits using (partition)
    where projection = $1 and version = $2 and owner = $3 and ${isOpen}
    order by partition`,

  release: `with gone as (
      delete from "${name}".workers where projection = $1 and version = $2 and worker = $3 and $4::integer is null
    )
    update "${name}".partitions set owner = null
    where projection = $1 and version = $2 and owner = $3 and ($4::integer is null or partition = $4)
    returning ${notifyMoved(name)}`,

  // no row, no move: the partition is somebody else's by now, or not where the worker left it
  move: `update "${name}".partitions
    set position = $6, handled = handled + $7, moved_at = clock_timestamp()
    where projection = $1 and version = $2 and partition = $3 and token = $4 and position = $5
      and status = 'running'
    returning ${notifyMoved(name)}`,

  stop: `update "${name}".partitions
    set status = 'stopped', error = $5, owner = null
    where projection = $1 and version = $2 and partition = $3 and token = $4
    returning ${notifyMoved(name)}`,

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
    on conflict (projection, version, position, partition) do update
    set error = excluded.error, is_skipped = excluded.is_skipped, is_to_retry = false`,

  parked: `select partition, position, tenant, category, stream_id, event_version, type, error, is_skipped, is_to_retry,
      parked_at
    from "${name}".parked
    where projection = $1 and version = $2 and ($3::integer is null or partition = $3)
    order by position`,

  unpark: `delete from "${name}".parked
    where projection = $1 and version = $2 and partition = $3 and position = any($4::bigint[])`,

  // a worker knows which streams wait: it is to begin again, and locks partitions first as well
  dropParked: `with affected as materialized (
      select partition from "${name}".partitions p
      where projection = $1 and version = $2 and exists (
        select from "${name}".parked k
        where k.projection = $1 and k.version = $2 and k.partition = p.partition and k.position = any($3::bigint[])
      )
      order by partition for update
    ), dropped as (
      delete from "${name}".parked k using affected
      where k.projection = $1 and k.version = $2 and k.partition = affected.partition and k.position = any($3::bigint[])
    )
    update "${name}".partitions p set token = token + 1, owner = null
    from affected where p.projection = $1 and p.version = $2 and p.partition = affected.partition
    returning ${notifyMoved(name)}`,

  retryParked: `with wished as (
      update "${name}".parked set is_to_retry = $3
      where projection = $1 and version = $2 and not is_skipped
        and ($4::text is null or (tenant = $4 and category = $5 and stream_id = $6))
      returning 1
    )
    select ${notifyMoved(name)} from wished limit 1`,

  // the end of the log is looked through once, for all partitions that are near it; of each that is not, where it stands
  list: `with log as materialized (
      select coalesce(max(position), 0) as log_end from "${name}".events
    ), recent as materialized (
      select position, category, recorded_at from "${name}".events
      where position > (select log_end from log) - ${lookedThrough}
    )
    select p.projection, p.version, p.partition, p.status, p.position, p.handled, p.moved_at, p.error,
      (select w.worker from "${name}".workers w where w.projection = p.projection and w.version = p.version
        and w.worker = p.owner and w.seen_until > clock_timestamp()) as owner,
      l.version is not distinct from p.version as is_live,
      log.log_end,
      case when log.log_end - p.position > ${lookedThrough} then log.log_end - p.position else (
        select count(*) from recent e where e.position > p.position and e.category = any(p.categories)
      ) end as behind,
      case when log.log_end - p.position > ${lookedThrough} then coalesce(
        (select e.recorded_at from "${name}".events e
          where e.position > p.position and e.position <= p.position + ${lookedThrough} and e.category = any(p.categories)
          order by e.position limit 1),
        (select e.recorded_at from "${name}".events e where e.position > p.position + ${lookedThrough}
          order by e.position limit 1)
      ) else (
        select e.recorded_at from recent e where e.position > p.position and e.category = any(p.categories)
        order by e.position limit 1
      ) end as behind_since,
      (select count(*) from "${name}".parked k
        where k.projection = p.projection and k.version = p.version and k.partition = p.partition)::integer as parked
    from "${name}".partitions p left join "${name}".live_versions l using (projection) cross join log
    where $1::text is null or p.projection = $1
    order by p.projection, p.version, p.partition`,

  setStatus: `update "${name}".partitions
    set status = $3, error = case when $3 = 'running' then null else error end
    where projection = $1 and version = $2
    returning ${notifyMoved(name)}`,

  moveTo: `with dropped as (
      delete from "${name}".view_rows where view = $1 and version = $2 and $3::bigint = 0
    ), forgotten as (
      delete from "${name}".parked where projection = $1 and version = $2 and $3::bigint = 0
    )
    update "${name}".partitions
    set position = $3::bigint, token = token + 1, owner = null,
      handled = case when $3::bigint = 0 then 0 else handled end, error = case when $3::bigint = 0 then null else error end,
      is_readable = case when $3::bigint > 0 then is_readable
        else exists (select from "${name}".live_versions where projection = $1 and version = $2) end
    where projection = $1 and version = $2
    returning ${notifyMoved(name)}`,

  ...versionStatements(name),

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

  lock: `with ${limits(name)}
    select partition, token, position, until, gates, exists (
      select from "${name}".parked where projection = $1 and version = $2 and not is_skipped
    ) as is_parking
    from "${name}".partitions p join limits using (partition)
    where projection = $1 and version = $2 and partition = $3 and status = 'running' for update of p`
})
