import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import * as Projection from "refold/Projection"
import * as EmbeddedPostgres from "../support/EmbeddedPostgres.ts"
import * as TestDatabase from "../support/TestDatabase.ts"
import { account, append } from "./fixtures/busy.ts"
import { openTransaction, startProcess, store } from "./fixtures/database.ts"

const server = Layer.effect(
  TestDatabase.TestDatabase,
  Effect.map(EmbeddedPostgres.make(), ({ url }) => ({ name: "postgres", url }))
)

const tables = ["events", "partitions", "live_versions"]

const dump = SqlClient.SqlClient.use((sql) =>
  Effect.forEach(tables, (table) =>
    Effect.map(
      sql.unsafe<{ readonly rows: string }>(`select json_agg(t)::text as rows from refold.${table} t`),
      ([dumped]) => ({ table, rows: dumped?.rows ?? "[]" })
    ))
)

/** The rows and nothing else, as logical replication copies them: a sequence is where it was. */
const restore = (dumped: Effect.Success<typeof dump>) =>
  SqlClient.SqlClient.use((sql) =>
    Effect.forEach(
      dumped,
      ({ rows, table }) =>
        sql.unsafe(
          `insert into refold.${table} select * from json_populate_recordset(null::refold.${table}, $1::json)`,
          [
            rows
          ]
        ),
      { discard: true }
    )
  )

const counting = (seen: Array<number>) =>
  Projection.make("counting", {
    version: 1,
    from: [account],
    handle: (events) => Effect.sync(() => void seen.push(...events.map(({ event }) => event.cents)))
  })

const log = EventStore.use((store) => Stream.runCollect(store.readAll([account])))

/** Three events that a projection has seen, and two that it has not; the first position belongs to nobody. */
const source = Effect.gen(function*() {
  const undone = yield* openTransaction
  yield* undone.run(append("a", 0))
  yield* undone.rollback
  for (const cents of [1, 2, 3]) yield* append("a", cents)
  yield* Projection.catchUp(counting([]))
  for (const cents of [4, 5]) yield* append("b", cents)
  return { dumped: yield* dump, events: yield* log }
}).pipe(Effect.provide(Layer.fresh(store)))

layer(server, { excludeTestServices: true, timeout: "60 seconds" })("rows that were copied to another server", (it) => {
  it.effect("are gone on with from their checkpoint, and what is appended comes after them", () =>
    Effect.gen(function*() {
      const { dumped, events } = yield* source
      const process = yield* startProcess()
      yield* process.run(restore(dumped))
      assert.deepStrictEqual(yield* process.run(log), events)
      const seen: Array<number> = []
      yield* process.run(Projection.catchUp(counting(seen)))
      assert.deepStrictEqual(seen, [4, 5])
      const later = [yield* process.run(append("a", 6)), yield* (yield* startProcess()).run(append("c", 7))]
      const last = events.at(-1)!.position
      assert.deepStrictEqual(later.map(({ position, version }) => [position - last, version]), [[1, 4], [2, 1]])
      yield* process.run(Projection.catchUp(counting(seen)))
      assert.deepStrictEqual(seen, [4, 5, 6, 7])
    }))
})
