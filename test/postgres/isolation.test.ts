import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SqlClient from "effect/sql/SqlClient"
import { assertUnavailable, openTransaction, startProcess, store, untilBlocked } from "./fixtures/database.ts"
import { changeName, close, create, freshId, makeLead } from "./fixtures/domain.ts"

const lead = makeLead()

for (const level of ["repeatable read", "serializable"]) {
  const begin = Effect.provideService(SqlClient.BeginTransaction, `begin isolation level ${level}`)

  layer(store, { excludeTestServices: true, timeout: "60 seconds" })(`under ${level}`, (it) => {
    it.effect("a command in a transaction that cannot see what it missed fails, and lands in a new transaction", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const id = freshId()
        yield* lead.execute(id, create)
        const transaction = yield* begin(openTransaction)
        assert.strictEqual((yield* transaction.run(lead.load(id))).version, 1)
        yield* lead.execute(id, close)
        assertUnavailable(yield* Effect.flip(transaction.run(lead.execute(id, changeName("Bea")))))
        yield* transaction.rollback
        assert.strictEqual((yield* begin(sql.withTransaction(lead.execute(id, changeName("Bea"))))).version, 3)
      }))

    it.effect("a creation in a transaction that cannot see another one fails", () =>
      Effect.gen(function*() {
        const id = freshId()
        const transaction = yield* begin(openTransaction)
        assert.strictEqual((yield* transaction.run(lead.load(id))).version, 0)
        yield* lead.execute(id, create)
        assertUnavailable(yield* Effect.flip(transaction.run(lead.execute(id, create))))
        yield* transaction.rollback
        assert.strictEqual((yield* lead.load(id)).version, 1)
      }))

    it.effect("a command that waited for what it cannot see is sent again, and lands", () =>
      Effect.gen(function*() {
        const id = freshId()
        yield* lead.execute(id, create)
        const other = yield* startProcess({
          client: { startupParameters: { default_transaction_isolation: level } }
        })
        const transaction = yield* openTransaction
        yield* transaction.run(lead.execute(id, close))
        const fiber = yield* Effect.forkChild(other.run(other.lead.execute(id, changeName("Bea"))))
        yield* untilBlocked(other)
        yield* transaction.commit
        const appended = yield* Fiber.join(fiber)
        assert.deepStrictEqual([appended.version, appended.missed.map(({ version }) => version)], [3, [2]])
      }))
  })
}
