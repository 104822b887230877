/** Every statement the driver sends, by what it does. */
export const statements = (name: string) => ({
  append:
    `select * from "${name}".append($1::json, $2::integer[], $3::uuid[], $4::text[], $5::integer[], $6::text[], $7::text[])`,

  // the version comes from the same snapshot as the events: read apart, they could disagree
  readStream: `select s.version as stream_version, e.*
    from "${name}".streams s left join lateral (
      select version, position, event_id, type, schema_version, data, metadata, recorded_at
      from "${name}".events
      where tenant = s.tenant and category = s.category and stream_id = s.stream_id and version > $4
      order by version limit $5
    ) e on true
    where s.tenant = $1 and s.category = $2 and s.stream_id = $3
    order by e.version`,

  readLog: `select l.log_end, e.*
    from (select coalesce(max(position), 0) as log_end from "${name}".events) l left join lateral (
      select category, stream_id, version, position, event_id, type, schema_version, data, metadata, recorded_at
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
