/** The limit of reading the log: pages of 1,000 rows by position, one after the other, with all that refold reads of an event. */
import * as Effect from "effect/Effect"
import type { Client } from "pg"
import { attempt, type Contender, type Reads } from "../Contender.ts"
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

export const pages: Contender<Reads> = {
  name: "pages",
  open: Effect.fnUntraced(function*({ url }) {
    const client = yield* connect(url, false)
    return {
      ...yield* Table.prepareForLogs(url, []),
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
