/** A hundred want the same hundred. */
import { assert, layer } from "@effect/vitest"
import { Account, InsufficientFunds } from "@refold/example-bank/Account"
import * as PglitePgClient from "@refold/pglite/PglitePgClient"
import { PgEventStore } from "@refold/sql-pg"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"
import * as TestDatabase from "../support/TestDatabase.ts"

const engines = {
  "in memory": MemoryEventStore.layer,
  "on PGlite": PgEventStore.layer().pipe(Layer.provide(PglitePgClient.layer())),
  "on PostgreSQL": PgEventStore.layer().pipe(Layer.provideMerge(TestDatabase.layer))
}

for (const [where, engine] of Object.entries(engines)) {
  layer(engine, { excludeTestServices: true, timeout: "60 seconds" })(where, (it) => {
    for (const ids of ["with", "without"]) {
      it.effect(`of a hundred debits of 100 at once from a balance of 100, ${ids} ids, one goes through`, () =>
        Effect.gen(function*() {
          const jar = `jar ${ids} ids`
          yield* Account.execute(jar, { _tag: "Open", owner: "Everybody" })
          yield* Account.execute(jar, { _tag: "Credit", cents: 100 })
          const debits = Array.from({ length: 100 }, (_, index) =>
            Effect.result(
              Account.execute(jar, { _tag: "Debit", cents: 100 }, {
                commandId: ids === "with" ? `debit ${index}` : undefined
              })
            ))
          const results = yield* Effect.all(debits, { concurrency: "unbounded" })
          const refused = results.flatMap((result) => Result.isFailure(result) ? [result.failure] : [])
          assert.strictEqual(refused.length, 99)
          for (const error of refused) assert.instanceOf(error, InsufficientFunds)
          const events = yield* Stream.runCollect(EventStore.read(Account, jar))
          assert.deepStrictEqual(events.map(({ type }) => type), ["AccountOpened", "Credited", "Debited"])
          assert.strictEqual((yield* Account.load(jar)).state.balance, 0)
        }))
    }
  })
}
