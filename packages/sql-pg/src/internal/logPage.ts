import type { LogPage, StoredEvent } from "refold/EventStoreDriver"
import { instantOf } from "./rows.ts"

/**
 * A row of `readLog`, in the order of its columns: to make objects of a thousand rows, under the names of the columns, takes
 * longer than to read them. In one row, which may be anywhere, there is no event, but how far the log was looked through, and
 * whether it goes on there.
 */
export type LogRow =
  | readonly [
    end: number,
    version: null,
    tenant: null,
    category: null,
    id: null,
    eventId: null,
    type: null,
    goesOn: number
  ]
  | readonly [
    position: number,
    version: number,
    tenant: string,
    category: string,
    id: string,
    eventId: string,
    type: string,
    schemaVersion: number,
    data: string,
    /** Null where there is nothing in it. */
    metadata: string | null,
    recordedAt: Date
  ]

export const logPage = (rows: ReadonlyArray<LogRow>): LogPage => {
  const events: Array<StoredEvent> = []
  let end = 0
  let goesOn = false
  let size = 0
  for (const row of rows) {
    if (row[1] === null) {
      end = row[0]
      goesOn = row[7] === 1
      continue
    }
    size += row[8].length + (row[9]?.length ?? 0)
    events.push({
      stream: { tenant: row[2], category: row[3], id: row[4] },
      version: row[1],
      position: row[0],
      id: row[5],
      type: row[6],
      schemaVersion: row[7],
      data: JSON.parse(row[8]),
      metadata: row[9] === null ? {} : JSON.parse(row[9]),
      recordedAt: instantOf(row[10])
    })
  }
  return { end, events, size, goesOn }
}
