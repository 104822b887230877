/** Every name, e-mail and phone a lead ever had: people remember what somebody used to be called. */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { Projection } from "refold"
import { Lead, type LeadEvent } from "../Lead.ts"

export const table = `create table if not exists leads_demo.lead_search (
  lead_id text not null,
  kind text not null,
  value text not null,
  since bigint not null,
  is_current boolean not null,
  primary key (lead_id, kind, value)
)`

export const projection = Projection.make("lead-search", {
  version: 1,
  from: [Lead],
  handle: (events) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      for (const { event, stream: { id }, version } of events) {
        for (const [kind, value] of terms(event)) {
          yield* sql`update leads_demo.lead_search set is_current = false where lead_id = ${id} and kind = ${kind}`
          yield* sql`insert into leads_demo.lead_search ${
            sql.insert({ lead_id: id, kind, value, since: version, is_current: true })
          } on conflict (lead_id, kind, value) do update set is_current = true, since = excluded.since`
        }
      }
    })
})

const terms = (event: LeadEvent): ReadonlyArray<readonly [kind: string, value: string]> => {
  switch (event._tag) {
    case "LeadInitialized":
      return [["name", event.name], ["email", event.email], ["phone", event.phone]]
    case "NameChanged":
      return [["name", event.name]]
    case "ContactInfoChanged":
      return [["email", event.email], ["phone", event.phone]]
    default:
      return []
  }
}

export interface Row {
  readonly lead_id: string
  readonly kind: string
  readonly current: string
  readonly earlier: ReadonlyArray<string>
}

/** The leads that `text` occurs in anything they were ever known by; all of them if it is empty. */
export const find = (text: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    sql<Row>`select lead_id, kind,
        max(value) filter (where is_current) as current,
        coalesce(array_agg(value order by since, value) filter (where not is_current), '{}') as earlier
      from leads_demo.lead_search
      group by lead_id, kind
      having bool_or(position(lower(${text}::text) in lower(value)) > 0)
      order by lead_id collate "C", kind collate "C"`)
