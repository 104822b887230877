import { appendLock } from "./append.ts"

/** A JSON text without line breaks: between its tokens they mean nothing, and in its strings there are none. */
const onOneLine = (json: string) => `translate(${json}::text, E'\\n\\r', '  ')`

const filters = `($1::text is null or tenant = $1) and ($2::text is null or category = $2)
      and ($3::text is null or stream_id = $3)`

/** What operators read and write: streams and events as they are stored, whatever their schemas. */
export const archiveStatements = (name: string) => ({
  end: `select coalesce(max(position), 0) as position from "${name}".events`,

  // `$4` is a pattern, `$5` to `$7` the stream after which to go on
  streams: `select distinct on (tenant, category, stream_id)
      tenant, category, stream_id, version, position, recorded_at
    from "${name}".events
    where ${filters} and ($4::text is null or stream_id like $4)
      and ($5::text is null or (tenant, category, stream_id) > ($5, $6, $7))
    order by tenant, category, stream_id, version desc
    limit $8`,

  events:
    `select position, tenant, category, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at
    from "${name}".events
    where ${filters} and ($4::text is null or type = $4) and position > $5 and position <= $6
    order by position limit $7`,

  // data and metadata as they were written, to the letter
  lines:
    `select position, '{"position":' || position || ',"tenant":' || to_json(tenant) || ',"category":' || to_json(category)
      || ',"stream":' || to_json(stream_id) || ',"version":' || version || ',"id":"' || event_id
      || '","type":' || to_json(type) || ',"schemaVersion":' || schema_version || ',"recordedAt":"'
      || to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
      || '","data":' || ${onOneLine("data")} || ',"metadata":' || ${onOneLine("metadata")} || '}' as line
    from "${name}".events where position > $1 and position <= $2 order by position limit $3`,

  // nobody appends until the transaction ends
  lockAppends: `select pg_advisory_xact_lock(${appendLock(name)})::text`,

  isEmpty: `select not exists (select from "${name}".events) as empty`,

  insert: `insert into "${name}".events (
      position, tenant, category, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at
    )
    select position, tenant, category, stream_id, version, event_id, type, schema_version, data::json, metadata::json,
      recorded_at::timestamptz
    from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::uuid[], $7::text[], $8::integer[],
      $9::text[], $10::text[], $11::text[]) as e(
        position, tenant, category, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at
      )`,

  // how many versions are not there, because events were discarded
  missing: `select coalesce(sum(missing), 0)::bigint as missing from (
      select max(version) - count(*) as missing from "${name}".events
      group by tenant, category, stream_id
    ) s`,

  // a stream with versions left out, and how many are in all streams
  gap: `select category || '-' || stream_id as stream, max(version) as version, count(*) as events,
      (sum(max(version) - count(*)) over ())::bigint as missing
    from "${name}".events group by tenant, category, stream_id having max(version) <> count(*) limit 1`,

  // positions go on after the last one
  goOn: `select setval('"${name}".positions', max(position))::text, pg_notify('${name}', '')::text
    from "${name}".events having count(*) > 0`,

  // until the planner knows in which order the log lies, it sorts each page of it
  analyze: `analyze "${name}".events`
})
