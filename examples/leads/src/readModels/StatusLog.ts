/** Who changed which lead's status, from what, to what: for the analysts. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { Projection } from "refold"
import { Lead } from "../Lead.ts"

export const table = `create table if not exists leads_demo.status_log (
  lead_id text not null,
  version bigint not null,
  changed_by text not null,
  from_status text not null,
  to_status text not null,
  changed_at timestamptz not null,
  primary key (lead_id, version)
)`

export const projection = Projection.make("status-log", {
  version: 1,
  from: [Lead],
  handle: (events) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      for (const { event, metadata, recordedAt, stream: { id }, version } of events) {
        if (event._tag !== "StatusChanged") continue
        yield* sql`insert into leads_demo.status_log (lead_id, version, changed_by, from_status, to_status, changed_at)
          select ${id}, ${version}::bigint, ${metadata.actor ?? "?"}, coalesce((
            select to_status from leads_demo.status_log where lead_id = ${id} order by version desc limit 1
          ), 'Available'), ${event.status}, ${DateTime.toDate(recordedAt)}`
      }
    })
})

export interface Row {
  readonly lead_id: string
  readonly version: bigint
  readonly changed_by: string
  readonly from_status: string
  readonly to_status: string
  readonly changed_at: Date
}

export const read = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql<Row>`select * from leads_demo.status_log order by lead_id collate "C", version`
)
