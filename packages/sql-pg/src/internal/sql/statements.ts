const eventColumns = "version, position, event_id, type, schema_version, data, metadata, recorded_at"

/** Every statement the driver sends, by what it does. */
export const statements = (name: string) => ({
  append: `select * from "${name}".append(
    $1::boolean, $2::boolean,
    $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[],
    $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::bigint[],
    $13::uuid[], $14::text[], $15::integer[], $16::text[], $17::text[]
  )`,

  // to wait for its turn is to wait until appends that were sent before have ended, one way or the other
  awaitAppends: `select from (select pg_advisory_xact_lock(hashtextextended('refold:append:${name}', 0))) as turn`,

  findEvents: `select tenant, category, stream_id, ${eventColumns}
    from "${name}".events where event_id = any($1::uuid[])`,

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

  readLog: `select l.log_end, e.*
    from (select coalesce(max(position), 0) as log_end from "${name}".events) l left join lateral (
      select category, stream_id, ${eventColumns}
      from "${name}".events
      where tenant = $1 and category = any($2::text[]) and position > $3
      order by position limit $4
    ) e on true
    order by e.position`,

  getCheckpoint: `select position from "${name}".checkpoints where projection = $1 and version = $2`,

  // no row, no move: a checkpoint that is not where the worker left it belongs to somebody else
  moveCheckpoint: `insert into "${name}".checkpoints as c (projection, version, position)
    select $1, $2, $4 where $3 = 0 or exists (
      select from "${name}".checkpoints where projection = $1 and version = $2 and position = $3
    )
    on conflict (projection, version) do update set position = excluded.position, moved_at = now()
      where c.position = $3
    returning position`
})

/** The statements of one schema. */
export type Statements = ReturnType<typeof statements>
