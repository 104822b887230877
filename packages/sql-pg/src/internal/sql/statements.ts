import { appendLock } from "./append.ts"
import { streamHash } from "./streamHash.ts"

const eventColumns = "version, position, event_id, type, schema_version, data, metadata, recorded_at"

/** How many positions one statement looks through. */
const lookedThrough = 100_000

/** Every statement the driver sends, by what it does. */
export const statements = (name: string) => ({
  append: `select * from "${name}".append(
    $1::boolean, $2::boolean, $3::integer[], $4::text[], $5::text[], $6::text[],
    $7::bigint[], $8::bigint[], $9::bigint[], $10::text[],
    $11::uuid[], $12::text[], $13::integer[], $14::text[], $15::text[]
  )`,

  appendOne: `select first_row, missed, accepted, version, position, recorded_at,
      event_id_missed as event_id, type, schema_version_missed as schema_version, data, metadata
    from "${name}".append_one(
      $1::boolean, $2::text, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint,
      $8::text, $9::uuid, $10::text, $11::integer, $12::text, $13::text
    )`,

  // to wait for its turn is to wait until appends that were sent before have ended, one way or the other
  awaitAppends: `select from (select pg_advisory_xact_lock(${appendLock(name)})) as turn`,

  findEvents: `select tenant, category, stream_id, ${eventColumns}
    from "${name}".events where event_id = any($1::uuid[])`,

  discard: `select "${name}".discard($1::text, $2::text, $3::uuid[], $4::bigint) as removed`,

  // the version comes from the same snapshot as the events: read apart, they could disagree
  readStream: `select s.version as stream_version, e.*
    from (
      select coalesce(max(version), 0) as version from "${name}".events
      where tenant = $1 and category = $2 and stream_id = $3
    ) s left join lateral (
      select ${eventColumns} from "${name}".events
      where tenant = $1 and category = $2 and stream_id = $3 and version > $4
      order by version limit $5
    ) e on true
    order by e.version`,

  // from one snapshot of the database, too; and only what was saved of the log as it is: the event must be where it was
  readFromSnapshot: `select s.version as stream_version,
      n.version as snapshot_version, n.position as snapshot_position, n.recorded_at as snapshot_recorded_at,
      case when row_number() over (order by e.version) = 1 then n.state end as snapshot_state, e.*
    from (
      select coalesce(max(version), 0) as version from "${name}".events
      where tenant = $1 and category = $2 and stream_id = $3
    ) s left join (
      select version, position, recorded_at, state from "${name}".snapshots n
      where tenant = $1 and category = $2 and stream_id = $3 and fingerprint = $4
        and ($5::bigint is null or version <= $5) and ($6::timestamptz is null or recorded_at <= $6)
        and exists (select from "${name}".events where tenant = $1 and category = $2 and stream_id = $3
          and version = n.version and position = n.position)
    ) n on true left join lateral (
      select ${eventColumns} from "${name}".events
      where tenant = $1 and category = $2 and stream_id = $3 and version > coalesce(n.version, 0)
      order by version limit $7
    ) e on true
    order by e.version`,

  writeSnapshot: `insert into "${name}".snapshots as n
      (tenant, category, stream_id, fingerprint, version, position, recorded_at, state)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (tenant, category, stream_id, fingerprint) do update
    set version = excluded.version, position = excluded.position, recorded_at = excluded.recorded_at,
      state = excluded.state, saved_at = excluded.saved_at
    where n.version < excluded.version or not exists (
      select from "${name}".events e where e.tenant = $1 and e.category = $2 and e.stream_id = $3
        and e.version = n.version and e.position = n.position
    )`,

  // no further than a part of the log at a time: where hardly anything is wanted, a statement would look through all of it,
  // and one that is ended for its time would begin there again and again; gaps in positions are no part of it. How far it
  // has looked, and whether the log goes on there, is a row of its own, without a version. Numbers that need not be made of
  // bigints, and JSON as text, null for metadata with nothing in it: this is for those who read a lot
  readLog: `with part as (
      select log_end,
        ${lookedThrough} + coalesce((select min(position) from "${name}".events where position > $3), $3) as part_end
      from (select coalesce(max(position), 0) as log_end from "${name}".events) whole
    )
    select least(log_end, part_end)::float8, null::float8, null, null, null, null::uuid, null,
      (log_end > part_end)::integer, null, null, null::timestamptz
    from part
    union all (
      select position::float8, version::float8, tenant, category, stream_id, event_id, type, schema_version, data::text,
        nullif(metadata::text, '{}'), recorded_at
      from "${name}".events
      where category = any($2::text[]) and position > $3 and position <= least($5, (select part_end from part))
        and ($1::text is null or tenant = $1) and ($6::text[] is null or type = any($6))
        and ($8::integer is null or
          mod(${streamHash("tenant", "category", "stream_id")}, $8) = $7)
      order by events.position limit $4
    )`,

  // judged on the locked row, by the clock of the database. Whoever does not get the lease is the next to get it, for a
  // while: else a process that asks for it again and again would starve the others
  acquireLease: `insert into "${name}".locks as l (tenant, category, stream_id, owner, expires_at)
    values ($1, $2, $3, $4::uuid, clock_timestamp() + $5::float8 * interval '1 ms')
    on conflict (tenant, category, stream_id) do update
    set (owner, expires_at, next_owner, next_until) = (
      select
        case when free then excluded.owner else l.owner end,
        case when free then instant + $5::float8 * interval '1 ms' else l.expires_at end,
        case when free then null when taken then l.next_owner else excluded.owner end,
        case when free then null when taken then l.next_until else instant + $6::float8 * interval '1 ms' end
      from (select clock_timestamp() as instant offset 0) now
      cross join lateral (
        select coalesce(l.next_owner <> excluded.owner and l.next_until > instant, false) as taken offset 0
      ) next
      cross join lateral (select l.expires_at <= instant and not taken as free offset 0) present
    )
    returning owner = $4::uuid as acquired,
      (extract(epoch from expires_at - clock_timestamp()) * 1000)::float8 as ends_in`,

  // the row stays if somebody is next, and if it was only the turn that is given back
  releaseLease: `with passed_on as (
      update "${name}".locks set expires_at = clock_timestamp()
      where tenant = $1 and category = $2 and stream_id = $3 and owner = $4::uuid and next_until > clock_timestamp()
      returning 1
    ), given_up as (
      update "${name}".locks set next_owner = null, next_until = null
      where tenant = $1 and category = $2 and stream_id = $3 and next_owner = $4::uuid
        and expires_at > clock_timestamp()
      returning 1
    )
    delete from "${name}".locks
    where tenant = $1 and category = $2 and stream_id = $3 and $4::uuid in (owner, next_owner)
      and not exists (select from passed_on) and not exists (select from given_up)`
})

/** The statements of one schema. */
export type Statements = ReturnType<typeof statements>
