/** Counters per stream by hand: one transaction for each page of 1,000 events, or for the whole log. */
import * as Effect from "effect/Effect"
import type { Client } from "pg"
import type { BenchFailure } from "../../BenchFailure.ts"
import * as Log from "../../log.ts"
import { withClient } from "../../withClient.ts"
import { attempt, type Contender, type Projects } from "../Contender.ts"
import { connect } from "./connect.ts"
import { pageSize, readPage } from "./pages.ts"
import * as Table from "./table.ts"

const tables = [
  `create table counts (stream text collate "C" primary key, count bigint not null)`,
  "create table checkpoint (position bigint not null)",
  "insert into checkpoint values (0)"
]

/** No row: somebody else has counted these events. */
const move = "update checkpoint set position = $2 where position = $1 returning position"

const add = `insert into counts as c (stream, count) select * from unnest($1::text[], $2::bigint[])
  on conflict (stream) do update set count = c.count + excluded.count`

const forget = (url: string): Effect.Effect<void, BenchFailure> =>
  withClient(url, (sql) => Effect.andThen(sql`truncate counts`, sql`update checkpoint set position = 0`)).pipe(
    Effect.asVoid
  )

const make = (name: string, count: (client: Client) => Promise<void>): Contender<Projects> => ({
  name,
  open: Effect.fnUntraced(function*({ url }) {
    const client = yield* connect(url, false)
    return {
      ...yield* Table.prepareForLogs(url, tables),
      forget: forget(url),
      project: () => attempt(() => count(client)),
      verify: (who, log) => Log.checkCounts(who, url, log, "select stream, count from counts")
    }
  })
})

const moved = async (client: Client, from: string, to: string): Promise<void> => {
  const { rowCount } = await client.query({ name: "move", text: move, values: [from, to] })
  if (rowCount !== 1) throw new Error("somebody else counts")
}

/** What people write who know how: as `refold` does it, without views, versions, partitions and leases. */
export const upsert = make("upsert", async (client) => {
  let after = "0"
  for (;;) {
    const rows = await readPage(client, after, pageSize)
    if (rows.length === 0) return
    const counts = new Map<string, number>()
    for (const { stream } of rows) counts.set(stream, (counts.get(stream) ?? 0) + 1)
    const to = rows[rows.length - 1]!.position
    await client.query("begin")
    await moved(client, after, to)
    await client.query({ name: "add", text: add, values: [[...counts.keys()], [...counts.values()]] })
    await client.query("commit")
    after = to
  }
})

/** The ceiling: nothing leaves the server. Only what can be said in SQL can be projected like this. */
export const setBased = make("one statement", async (client) => {
  await client.query("begin")
  await client.query("insert into counts select stream, count(*) from events group by stream")
  await client.query("update checkpoint set position = (select max(position) from events)")
  await client.query("commit")
})
