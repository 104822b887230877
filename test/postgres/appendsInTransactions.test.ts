import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SqlClient from "effect/sql/SqlClient"
import * as AppendCondition from "refold/AppendCondition"
import * as EventStore from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import { account, append, centsOf } from "./fixtures/busy.ts"
import { assertUnavailable, openTransaction, startProcess, store, untilBlocked } from "./fixtures/database.ts"
import { credited, freshId } from "./fixtures/domain.ts"

const appendBoth = (a: string, b: string, condition = AppendCondition.any) =>
  EventStore.appendAll([
    EventStore.appendTo(account, a, [credited(1)], { condition }),
    EventStore.appendTo(account, b, [credited(2)], { condition })
  ])

const appendOnce = (id: string, eventId: string, cents = 1) =>
  EventStore.append(account, id, [credited(cents)], { condition: AppendCondition.noStream, eventIds: [eventId] })

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("in a transaction of the user's own", (it) => {
  it.effect("an append to several streams is seen outside once it is committed, and not at all if it is not", () =>
    Effect.gen(function*() {
      const [a, b] = [freshId(), freshId()]
      const both = Effect.all([centsOf(a), centsOf(b)])
      for (const end of ["rollback", "commit"] as const) {
        const transaction = yield* openTransaction
        yield* transaction.run(appendBoth(a, b, AppendCondition.noStream))
        assert.deepStrictEqual(yield* transaction.run(both), [[1], [2]])
        assert.deepStrictEqual(yield* both, [[], []])
        yield* transaction[end]
      }
      assert.deepStrictEqual(yield* both, [[1], [2]])
    }))

  it.effect("an append to several streams that is refused leaves the transaction as it was", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const [a, b] = [freshId(), freshId()]
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* append(a, 7)
        const error = yield* Effect.flip(appendBoth(a, b, AppendCondition.noStream))
        assert.instanceOf(error, AppendCondition.AppendConditionsFailed)
        assert.deepStrictEqual(error.failures.map(({ actual, stream }) => [stream.id, actual]), [[a, 1]])
        yield* append(b, 8)
      }))
      assert.deepStrictEqual([yield* centsOf(a), yield* centsOf(b)], [[7], [8]])
    }))

  it.effect("an append that is repeated is told where it was put, also what was put there in the same transaction", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const [id, eventId] = [freshId(), freshId()]
      const once = appendOnce(id, eventId)
      const [first, second] = yield* sql.withTransaction(Effect.all([once, once]))
      const third = yield* sql.withTransaction(once)
      assert.deepStrictEqual([first.repeated, second.repeated, third.repeated], [false, true, true])
      for (const { position, version } of [second, third]) {
        assert.deepStrictEqual([version, position], [1, first.position])
      }
      assert.deepStrictEqual(yield* centsOf(id), [1])
    }))

  it.effect("an event id that was used for something else is refused, and leaves the transaction as it was", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const [id, eventId, other] = [freshId(), freshId(), freshId()]
      yield* appendOnce(id, eventId)
      yield* sql.withTransaction(Effect.gen(function*() {
        const error = yield* Effect.flip(appendOnce(id, eventId, 2))
        assert.instanceOf(error, EventStoreError)
        assert.strictEqual(error.reason._tag, "EventIdTaken")
        yield* append(other, 1)
      }))
      assert.deepStrictEqual([yield* centsOf(id), yield* centsOf(other)], [[1], [1]])
    }))

  for (const condition of [AppendCondition.noStream, AppendCondition.any]) {
    it.effect(
      `an append on the condition of ${
        AppendCondition.format(condition)
      } that another transaction is making can be made again once that has ended`,
      () =>
        Effect.gen(function*() {
          const [id, eventId] = [freshId(), freshId()]
          const once = EventStore.append(account, id, [credited(1)], { condition, eventIds: [eventId] })
          const first = yield* openTransaction
          yield* first.run(once)
          const other = yield* startProcess()
          const inTransaction = SqlClient.SqlClient.use((sql) => sql.withTransaction(once))
          const second = yield* Effect.forkChild(other.run(Effect.result(inTransaction)))
          yield* untilBlocked(other)
          yield* first.commit
          const result = yield* Fiber.join(second)
          if (result._tag === "Failure") assertUnavailable(result.failure)
          else assert.isTrue(result.success.repeated)
          assert.isTrue((yield* other.run(inTransaction)).repeated)
          assert.deepStrictEqual(yield* centsOf(id), [1])
        })
    )
  }
})
