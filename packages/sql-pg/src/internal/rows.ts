import * as DateTime from "effect/DateTime"
import type { StoredEvent } from "refold/EventStoreDriver"
import type { StreamId } from "refold/StreamId"

/** An event as the statements return it. */
export interface EventRow {
  readonly version: bigint | number
  readonly position: bigint | number
  readonly event_id: string
  readonly type: string
  readonly schema_version: number
  readonly data: unknown
  /** Null where there is nothing in it, for those who leave that out. */
  readonly metadata: unknown
  readonly recorded_at: Date
}

/** The columns of an outer-joined row are null where there was no event. */
export type Maybe<Row> = { readonly [Column in keyof Row]: Row[Column] | null }

export const isEvent = <Row extends Maybe<EventRow>>(row: Row): row is Row & EventRow => row.version !== null

export const storedEvent = (stream: StreamId, row: EventRow): StoredEvent => ({
  stream,
  version: Number(row.version),
  position: Number(row.position),
  id: row.event_id,
  type: row.type,
  schemaVersion: row.schema_version,
  data: row.data,
  metadata: row.metadata,
  recordedAt: instantOf(row.recorded_at)
})

let latest = DateTime.makeUnsafe(0)

/** Events that were appended together have their instant in common. */
export const instantOf = (date: Date): DateTime.Utc => {
  const millis = date.getTime()
  if (latest.epochMilliseconds !== millis) latest = DateTime.makeUnsafe(millis)
  return latest
}
