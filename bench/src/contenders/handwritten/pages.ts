/** The limit of reading the log: pages of 1,000 rows by position, one after the other, with all that refold reads of an event. */
import * as Effect from "effect/Effect"
import type { Client } from "pg"
import type { BenchFailure } from "../../BenchFailure.ts"
import * as Log from "../../log.ts"
import { attempt, type Contender, type Reads, type ReadsLogs } from "../Contender.ts"
import { connect } from "./connect.ts"
import * as Table from "./table.ts"

export const pageSize = 1000

const page = `select position, stream, version, id, type, schema_version, data, metadata, recorded_at
  from events where position > $1 order by position limit $2`

export interface LogRow {
  readonly position: string
  readonly stream: string
  readonly type: string
  readonly data: { readonly amount?: number }
}

export const readPage = async (client: Client, after: string, limit: number): Promise<ReadonlyArray<LogRow>> => {
  const { rows } = await client.query<LogRow>({ name: "page", text: page, values: [after, limit] })
  return rows
}

/** The table, and a log in it. */
export const logs = (url: string, statements: ReadonlyArray<string> = []): Effect.Effect<ReadsLogs, BenchFailure> =>
  Effect.map(Table.prepare(url, statements), ({ audit }) => ({
    audit,
    store: (log) =>
      Log.store(url, [
        `insert into events (stream, version, id, type, data, metadata)
         select stream, version, gen_random_uuid(), type, data::json, '{}' from (${Log.select(log)}) log`
      ])
  }))

export const pages: Contender<Reads> = {
  name: "pages",
  open: Effect.fnUntraced(function*({ url }) {
    const client = yield* connect(url, false)
    return {
      ...yield* logs(url),
      read: () =>
        attempt(async () => {
          let sum = 0
          let after = "0"
          for (;;) {
            const rows = await readPage(client, after, pageSize)
            for (const { data } of rows) sum += data.amount ?? 0
            if (rows.length < pageSize) return sum
            after = rows[rows.length - 1]!.position
          }
        })
    }
  })
}
