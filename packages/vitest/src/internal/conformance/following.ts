import { assert } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import * as Projection from "refold/Projection"
import { ProjectionStore } from "refold/ProjectionStore"
import { freshId, type It, makeAccount } from "./fixtures.ts"

const credit = (cents: number) => ({ _tag: "Credited" as const, cents })

export const following = (it: It) => {
  it.effect("a subscriber sees what is there, then what is to come, once and in order", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const account = makeAccount(`Following-${freshId()}`)
      yield* store.append(account, "a", [credit(1), credit(2)])
      const caughtUp = yield* Deferred.make<void>()
      const subscriber = yield* store.subscribe([account]).pipe(
        Stream.tap(({ event }) => event.cents === 2 ? Deferred.succeed(caughtUp, undefined) : Effect.void),
        Stream.take(5),
        Stream.runCollect,
        Effect.forkChild
      )
      yield* Deferred.await(caughtUp)
      yield* store.append(account, "b", [credit(3)])
      yield* store.append(account, "a", [credit(4), credit(5)])
      const seen = yield* Fiber.join(subscriber)
      assert.deepStrictEqual(seen.map(({ event }) => event.cents), [1, 2, 3, 4, 5])
    }))

  it.effect("nothing is missed or seen twice while many write", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const account = makeAccount(`Busy-${freshId()}`)
      const subscriber = yield* store.subscribe([account], { pageSize: 7 }).pipe(
        Stream.take(200),
        Stream.runCollect,
        Effect.forkChild
      )
      yield* Effect.forEach(
        Array.from({ length: 8 }, (_, writer) => writer),
        (writer) =>
          Effect.forEach(Array.from({ length: 25 }, (_, n) => n + 1), (n) =>
            store.append(account, String(writer % 3), [credit(writer * 25 + n)])),
        { concurrency: "unbounded" }
      )
      const seen = yield* Fiber.join(subscriber)
      assert.deepStrictEqual(
        seen.map(({ event }) =>
          event.cents
        ).toSorted((a, b) => a - b),
        Array.from({ length: 200 }, (_, index) => index + 1)
      )
      const versions = new Map<string, number>()
      let position = 0
      for (const event of seen) {
        assert.isAbove(event.position, position)
        position = event.position
        assert.strictEqual(event.version, (versions.get(event.stream.id) ?? 0) + 1)
        versions.set(event.stream.id, event.version)
      }
    }))

  it.effect("a subscriber that is no longer interested can be interrupted while it waits", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const account = makeAccount(`Interrupted-${freshId()}`)
      const waiting = yield* Effect.forkChild(Stream.runDrain(store.subscribe([account])))
      const subscriber = yield* Effect.forkChild(Stream.runCollect(Stream.take(store.subscribe([account]), 1)))
      yield* store.append(account, "a", [credit(1)])
      yield* Fiber.join(subscriber)
      yield* Fiber.interrupt(waiting)
    }))

  it.effect("a projection handles every event once, and goes on where it left off", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const account = makeAccount(`Projected-${freshId()}`)
      const handled: Array<number> = []
      const projection = Projection.make(`sums-${freshId()}`, {
        version: 1,
        from: [account],
        handle: (events) => Effect.sync(() => events.forEach(({ event }) => handled.push(event.cents)))
      })
      yield* store.append(account, "a", [credit(1), credit(2)])
      yield* Projection.catchUp(projection)
      const { position } = yield* store.append(account, "b", [credit(3)])
      assert.strictEqual(yield* Projection.catchUp(projection), position)
      yield* Projection.catchUp(projection)
      assert.deepStrictEqual(handled, [1, 2, 3])
      yield* Projection.catchUp({ ...projection, version: 2 })
      assert.deepStrictEqual(handled, [1, 2, 3, 1, 2, 3])
    }))

  it.effect("a handler that fails is given the same events again; nothing is skipped", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const account = makeAccount(`Failing-${freshId()}`)
      yield* store.append(account, "a", [credit(1)])
      let failing = true
      const handled: Array<number> = []
      const projection = Projection.make(`failing-${freshId()}`, {
        version: 1,
        from: [account],
        handle: (events) =>
          failing
            ? Effect.fail("not today")
            : Effect.sync(() => events.forEach(({ event }) => handled.push(event.cents)))
      })
      assert.strictEqual(yield* Effect.flip(Projection.catchUp(projection)), "not today")
      failing = false
      yield* store.append(account, "a", [credit(2)])
      yield* Projection.catchUp(projection)
      assert.deepStrictEqual(handled, [1, 2])
    }))

  it.effect("of two workers on one partition the one that lost it is told before it handles anything", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const projections = yield* ProjectionStore
      const account = makeAccount(`Twice-${freshId()}`)
      const { position } = yield* store.append(account, "a", [credit(1)])
      const handled: Array<string> = []
      const projection = { name: `twice-${freshId()}`, version: 1 }
      yield* projections.register(projection, { partitions: 1, categories: [account.category] })
      const first = yield* projections.claim(projection, { worker: "first", lease: 0 })
      const second = yield* projections.claim(projection, { worker: "second", lease: 60_000 })
      const handledBy = (name: string, token = 0) =>
        Effect.sync(() => handled.push(name)).pipe(
          projections.commit({ ...projection, partition: 0 }, { token, from: 0, to: position, events: 1 })
        )
      const lost = yield* Effect.flip(handledBy("first", first.claims[0]?.token))
      assert.strictEqual(lost._tag, "PartitionLost")
      yield* handledBy("second", second.claims[0]?.token)
      const again = yield* Effect.flip(handledBy("second", second.claims[0]?.token))
      assert.strictEqual(again._tag, "PartitionLost")
      assert.deepStrictEqual(handled, ["second"])
    }))
}
