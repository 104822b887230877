/** The leads as they are now, one row each. */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { Projection } from "refold"
import { Lead } from "../Lead.ts"

export const table = `create table if not exists leads_demo.lead_list (
  lead_id text primary key,
  name text not null,
  email text not null,
  phone text not null,
  status text not null,
  followup_on date,
  version bigint not null
)`

export const projection = Projection.make("lead-list", {
  version: 1,
  from: [Lead],
  handle: (events) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      for (const { event, stream: { id }, version } of events) {
        if (event._tag === "LeadInitialized") {
          const { email, name, phone } = event
          yield* sql`insert into leads_demo.lead_list ${
            sql.insert({ lead_id: id, name, email, phone, status: "Available", version })
          }`
        } else {
          yield* sql`update leads_demo.lead_list set ${
            sql.update({ ...columns(event), version })
          } where lead_id = ${id}`
        }
      }
    })
})

const columns = (event: Exclude<typeof Lead.event.Type, { readonly _tag: "LeadInitialized" }>) => {
  switch (event._tag) {
    case "NameChanged":
      return { name: event.name }
    case "ContactInfoChanged":
      return { email: event.email, phone: event.phone }
    case "StatusChanged":
      return { status: event.status }
    case "FollowupSet":
      return { followup_on: event.on }
  }
}

export interface Row {
  readonly lead_id: string
  readonly name: string
  readonly email: string
  readonly phone: string
  readonly status: string
  readonly followup_on: string | null
  readonly version: bigint
}

export const read = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql<Row>`select * from leads_demo.lead_list order by lead_id collate "C"`
)
