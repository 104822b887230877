import { assert, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import { openTransaction, startProcess, store, untilBlocked } from "./fixtures/database.ts"
import { credited, freshId, makeAccount } from "./fixtures/domain.ts"

const append = (account: ReturnType<typeof makeAccount>, id: string, cents: number) =>
  EventStore.use((store) => store.append(account, id, [credited(cents)]))

/** A subscriber of an account of its own, which has seen the event that is there and waits for as many as it is to take. */
const follow = Effect.fnUntraced(function*(take: number) {
  const account = makeAccount(`Account-${freshId()}`)
  yield* append(account, "first", 1)
  const following = yield* Deferred.make<void>()
  const subscriber = yield* EventStore.use((store) =>
    store.subscribe([account]).pipe(
      Stream.tap(() => Deferred.succeed(following, undefined)),
      Stream.take(take),
      Stream.runCollect
    )
  ).pipe(Effect.forkChild)
  yield* Deferred.await(following)
  return { account, subscriber }
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("the order of the log", (it) => {
  it.effect("is kept for a subscriber when a transaction that appended early commits late", () =>
    Effect.gen(function*() {
      const { account, subscriber } = yield* follow(4)
      const slow = yield* openTransaction
      const early = yield* slow.run(append(account, "slow", 2))
      const other = yield* startProcess()
      const late = yield* Effect.forkChild(other.run(append(account, "fast", 3)))
      yield* untilBlocked(other)
      yield* slow.run(append(account, "slow", 4))
      yield* slow.commit
      const { position } = yield* Fiber.join(late)
      const seen = yield* Fiber.join(subscriber)
      assert.deepStrictEqual(seen.map(({ event }) => event.cents), [1, 2, 4, 3])
      assert.deepStrictEqual([seen[1]?.position, seen[3]?.position], [early.position, position])
      assert.deepStrictEqual(
        seen.map(({ position }) => position),
        seen.map((e) => e.position).toSorted((a, b) => a - b)
      )
    }))

  it.effect("is kept for a reader whose statement is held up before it starts", () =>
    Effect.gen(function*() {
      const account = makeAccount(`Account-${freshId()}`)
      yield* append(account, "1", 1)
      const holdsTable = yield* openTransaction
      yield* holdsTable.run(SqlClient.SqlClient.use((sql) => sql`lock table refold.events in access exclusive mode`))
      const other = yield* startProcess({ store: { migrate: false } })
      const reader = yield* Effect.forkChild(
        other.run(EventStore.use((store) => store.subscribe([account]).pipe(Stream.take(4), Stream.runCollect)))
      )
      yield* untilBlocked(other)
      yield* holdsTable.run(append(account, "1", 2))
      yield* holdsTable.run(append(account, "2", 3))
      yield* holdsTable.commit
      yield* append(account, "1", 4)
      assert.deepStrictEqual((yield* Fiber.join(reader)).map(({ event }) => event.cents), [1, 2, 3, 4])
    }))

  it.effect("goes on over the positions of a transaction that was rolled back", () =>
    Effect.gen(function*() {
      const { account, subscriber } = yield* follow(2)
      const slow = yield* openTransaction
      const undone = yield* slow.run(append(account, "slow", 2))
      const other = yield* startProcess()
      const late = yield* Effect.forkChild(other.run(append(account, "fast", 3)))
      yield* untilBlocked(other)
      yield* slow.rollback
      const seen = yield* Fiber.join(subscriber)
      assert.deepStrictEqual(seen.map(({ event }) => event.cents), [1, 3])
      assert.isAbove((yield* Fiber.join(late)).position, undone.position)
    }))

  it.effect("agrees with a stream to which a transaction appended before and after another one tried", () =>
    Effect.gen(function*() {
      const account = makeAccount(`Account-${freshId()}`)
      const first = yield* openTransaction
      yield* first.run(append(account, "1", 1))
      const other = yield* startProcess()
      const second = yield* Effect.forkChild(other.run(append(account, "1", 2)))
      yield* untilBlocked(other)
      yield* first.run(append(account, "1", 3))
      yield* first.commit
      assert.strictEqual((yield* Fiber.join(second)).version, 3)
      const log = yield* EventStore.use((store) => Stream.runCollect(store.readAll([account])))
      assert.deepStrictEqual(log.map(({ event, version }) => [version, event.cents]), [[1, 1], [2, 3], [3, 2]])
    }))

  it.effect("lets two transactions that append to the same streams in opposite order both commit", () =>
    Effect.gen(function*() {
      const account = makeAccount(`Account-${freshId()}`)
      const first = yield* openTransaction
      yield* first.run(append(account, "a", 1))
      const other = yield* startProcess()
      const second = yield* other.run(Effect.gen(function*() {
        const transaction = yield* openTransaction
        yield* transaction.run(append(account, "b", 2))
        yield* transaction.run(append(account, "a", 3))
        yield* transaction.commit
      })).pipe(Effect.forkChild)
      yield* untilBlocked(other)
      yield* first.run(append(account, "b", 4))
      yield* first.commit
      yield* Fiber.join(second)
      const log = yield* EventStore.use((store) => Stream.runCollect(store.readAll([account])))
      assert.deepStrictEqual(log.map(({ event, stream, version }) => [stream.id, version, event.cents]), [
        ["a", 1, 1],
        ["b", 1, 4],
        ["b", 2, 2],
        ["a", 2, 3]
      ])
    }))
})
