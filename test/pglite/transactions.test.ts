import { assert, layer } from "@effect/vitest"
import { PglitePgClient } from "@refold/pglite"
import { PgEventStore } from "@refold/sql-pg"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as SqlClient from "effect/sql/SqlClient"
import * as AppendCondition from "refold/AppendCondition"
import * as EventStore from "refold/EventStore"
import { credited, freshId, makeAccount } from "../postgres/fixtures/domain.ts"

const account = makeAccount()

const appendBoth = (a: string, b: string, eventIds: readonly [string, string]) =>
  EventStore.appendAll([
    EventStore.appendTo(account, a, [credited(1)], { condition: AppendCondition.noStream, eventIds: [eventIds[0]] }),
    EventStore.appendTo(account, b, [credited(2)], { eventIds: [eventIds[1]] })
  ])

const store = PgEventStore.layer().pipe(Layer.provideMerge(PglitePgClient.layer()))

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("on the one session of PGlite", (it) => {
  it.effect("appends to several streams, in and outside of transactions, take turns and happen once", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const [a, b, one, two] = [freshId(), freshId(), freshId(), freshId()]
      const both = appendBoth(a, b, [one, two])
      const undone = sql.withTransaction(Effect.andThen(both, Effect.fail("undone" as const)))
      const versions = Effect.all([
        EventStore.EventStore.use((store) => store.version(account, a)),
        EventStore.EventStore.use((store) => store.version(account, b))
      ])
      assert.strictEqual(yield* Effect.flip(undone), "undone")
      assert.deepStrictEqual(yield* versions, [0, 0])
      const attempts: ReadonlyArray<Effect.Effect<unknown, unknown, EventStore.EventStore>> = [
        undone,
        both,
        sql.withTransaction(both),
        EventStore.append(account, freshId(), [credited(3)])
      ]
      const results = yield* Effect.all(
        Array.from({ length: 5 }, () => attempts).flat().map(Effect.result),
        { concurrency: "unbounded" }
      )
      const failures = results.flatMap((result) => Result.isFailure(result) ? [result.failure] : [])
      assert.deepStrictEqual(failures, Array.from({ length: 5 }, () => "undone"))
      assert.deepStrictEqual(yield* versions, [1, 1])
    }))
})
