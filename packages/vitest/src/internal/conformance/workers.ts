import { assert } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import * as Projection from "refold/Projection"
import * as Projections from "refold/Projections"
import { ProjectionStore } from "refold/ProjectionStore"
import { Tenant } from "refold/StreamId"
import { credited, freshId, type It, makeAccount } from "./fixtures.ts"
import { lease, ownersOf, positionsOf, quietly, recording, runs, until } from "./projections.ts"

const append = (account: ReturnType<typeof makeAccount>, id: string, ...cents: ReadonlyArray<number>) =>
  EventStore.append(account, id, cents.map(credited))

/** A stream of each of so many partitions, with an event in it. */
const streamOfEach = Effect.fnUntraced(function*(account: ReturnType<typeof makeAccount>, of: number) {
  const store = yield* EventStore.EventStore
  yield* Effect.forEach(Array.from({ length: 40 }), (_, index) => append(account, `s${index}`, 1))
  return yield* Effect.forEach(Array.from({ length: of }), (_, index) =>
    Effect.map(
      Stream.runCollect(store.batches([account], { follow: false, partition: { index, of } })),
      (batches) => batches.flatMap(({ events }) => events)[0]!.stream.id
    ))
})

export const workers = (it: It) => {
  it.effect("a worker handles what is there, then what is to come, and whoever waits for it is told", () =>
    Effect.gen(function*() {
      const { account, cents, projection } = recording()
      yield* append(account, "a", 1, 2)
      yield* runs(projection)
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(cents, [1, 2])
      const { position } = yield* append(account, "b", 3)
      assert.isAtLeast(yield* Projection.whenCaughtUp(projection), position)
      assert.deepStrictEqual(cents, [1, 2, 3])
    }))

  it.effect("partitions share the streams of a projection: every event is handled once, those of a stream in order", () =>
    Effect.gen(function*() {
      const { account, events, projection } = recording()
      const ids = Array.from({ length: 30 }, (_, index) => `s${index}`)
      yield* Effect.forEach(ids, (id) => append(account, id, 1, 2))
      yield* runs(projection, { partitions: 4, batchSize: 7 })
      yield* Effect.forEach(ids, (id) => append(account, id, 3))
      yield* Projection.whenCaughtUp(projection)
      for (const id of ids) {
        assert.deepStrictEqual(events.filter(({ stream }) => stream.id === id).map(({ version }) => version), [1, 2, 3])
      }
      assert.strictEqual((yield* Projections.list(projection.name))[0]?.partitions.length, 4)
    }))

  it.effect("the partitions are shared by all workers, and those of one that leaves are taken over", () =>
    Effect.gen(function*() {
      const { projection } = recording()
      yield* runs(projection, { partitions: 4, worker: "first" })
      yield* until(
        "the first has all",
        Effect.map(ownersOf(projection), (owners) => owners === "first first first first")
      )
      const second = yield* runs(projection, { worker: "second" })
      yield* until(
        "each has half",
        Effect.map(ownersOf(projection), (owners) => owners === "first first second second")
      )
      yield* Fiber.interrupt(second)
      yield* until(
        "the first has all again",
        Effect.map(ownersOf(projection), (owners) => owners === "first first first first")
      )
    }))

  it.effect("what a dead worker had is taken over when its lease ends, and it cannot write if it wakes up", () =>
    Effect.gen(function*() {
      const projections = yield* ProjectionStore
      const { account, cents, projection } = recording()
      yield* append(account, "a", 1)
      yield* projections.register(projection, { partitions: 1, categories: [account.category] })
      const { claims: [claim] } = yield* projections.claim(projection, { worker: "dead", lease: 300 })
      yield* runs(projection)
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(cents, [1])
      const lost = yield* Effect.sync(() => cents.push(1)).pipe(
        projections.commit({ ...projection, partition: 0 }, { token: claim!.token, from: 0, to: 1, events: 1 }),
        Effect.flip
      )
      assert.strictEqual(lost._tag, "PartitionLost")
      assert.deepStrictEqual(cents, [1])
    }))

  it.effect("a worker that is late but was not replaced goes on", () =>
    Effect.gen(function*() {
      const projections = yield* ProjectionStore
      const { account, projection } = recording()
      yield* projections.register(projection, { partitions: 1, categories: [account.category] })
      const late = { worker: "late", lease: 0 }
      const { claims: [before] } = yield* projections.claim(projection, late)
      const { claims: [after] } = yield* projections.claim(projection, late)
      assert.deepStrictEqual(after, before)
    }))

  it.effect("a batch that takes longer than the lease keeps its partition, and does not hold up the others", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const begun = yield* Deferred.make<void>()
      const { account, cents, events, projection } = recording((events) =>
        events.some(({ event }) => event.cents === 0)
          ? Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(gate))
          : Effect.void
      )
      const [slow, quick] = yield* streamOfEach(account, 2)
      yield* runs(projection, { partitions: 2, worker: "first" })
      yield* Projection.whenCaughtUp(projection)
      yield* append(account, slow!, 0)
      yield* Deferred.await(begun)
      const startedAt = yield* Clock.currentTimeMillis
      for (let n = 2; (yield* Clock.currentTimeMillis) < startedAt + 3 * lease; n++) {
        yield* append(account, quick!, n)
        yield* until("the other partition has it", Effect.sync(() => cents.includes(n)))
        assert.strictEqual(yield* ownersOf(projection), "first first")
      }
      const second = yield* runs(projection, { worker: "second" })
      yield* until(
        "the other partition is shared",
        Effect.map(ownersOf(projection), (owners) => owners === "first second")
      )
      yield* Deferred.succeed(gate, undefined)
      yield* Projection.whenCaughtUp(projection)
      assert.strictEqual(events.filter(({ event }) => event.cents === 0).length, 1)
      yield* Fiber.interrupt(second)
    }))

  it.effect("who is interrupted finishes the batch in hand, and gives its partition back", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const begun = yield* Deferred.make<void>()
      const { account, cents, projection } = recording(() =>
        Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(gate))
      )
      const { position } = yield* append(account, "a", 1)
      const worker = yield* runs(projection, { lease: "1 minute" })
      yield* Deferred.await(begun)
      const ended = yield* Effect.forkChild(Fiber.interrupt(worker))
      yield* Effect.yieldNow
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(ended)
      assert.deepStrictEqual(cents, [1])
      assert.deepStrictEqual(yield* positionsOf(projection), [position])
      assert.strictEqual(yield* ownersOf(projection), "nobody")
    }))

  it.effect("a batch that does not end is given up as long after the interruption as a lease lasts", () =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const { account, projection } = recording(() => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never))
      yield* append(account, "a", 1)
      const worker = yield* runs(projection)
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(worker)
      assert.deepStrictEqual(yield* positionsOf(projection), [0])
      assert.strictEqual(yield* ownersOf(projection), "nobody")
    }))

  it.effect("nobody can run a projection with another number of partitions than it has", () =>
    Effect.gen(function*() {
      const { account, projection } = recording()
      yield* append(account, "a", 1)
      yield* Projection.catchUp(projection, { partitions: 2 })
      const errors = [
        yield* Effect.flip(Projection.catchUp(projection, { partitions: 3 })),
        yield* Effect.flip(Projection.run(projection, { partitions: 1 })),
        yield* Effect.flip(Effect.scoped(Layer.build(Projection.layer(projection, { partitions: 3 }))))
      ]
      assert.deepStrictEqual(errors.map(({ _tag }) => _tag), [
        "PartitionsDiffer",
        "PartitionsDiffer",
        "PartitionsDiffer"
      ])
      assert.include(errors[0]!.message, "has 2 partitions, not 3; run it with 2, or raise its version")
      yield* Projection.catchUp(projection)
    }))

  it.effect("of workers that begin a projection at once with different partitions one has its way", () =>
    Effect.gen(function*() {
      const projections = yield* ProjectionStore
      for (let round = 0; round < 5; round++) {
        const projection = { name: `begun-${freshId()}`, version: 1 }
        const began = yield* Effect.forEach(
          [1, 2, 5, 8],
          (partitions) =>
            Effect.match(projections.register(projection, { partitions, categories: ["none"] }), {
              onFailure: () => [],
              onSuccess: () => [partitions]
            }),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(began.flat(), [(yield* projections.list(projection.name)).length])
      }
    }))

  it.effect("events that are not a projection's business move it as well", () =>
    Effect.gen(function*() {
      const { account, cents, projection } = recording()
      const other = makeAccount(`Other-${freshId()}`)
      yield* runs(projection, { partitions: 3 })
      yield* append(account, "a", 1)
      for (let n = 0; n < 5; n++) {
        const { position } = yield* append(other, "a", n)
        assert.isAtLeast(yield* Projection.whenCaughtUp(projection), position)
      }
      assert.deepStrictEqual(cents, [1])
    }))

  it.effect("a projection has the events of all tenants, and one checkpoint for them", () =>
    Effect.gen(function*() {
      const { account, events, projection } = recording()
      const one = `one-${freshId()}`
      const other = `other-${freshId()}`
      yield* Effect.provideService(append(account, "a", 1), Tenant, one)
      yield* Effect.provideService(append(account, "a", 2), Tenant, other)
      yield* Effect.provideService(Projection.catchUp(projection), Tenant, one)
      assert.deepStrictEqual(events.map(({ stream, version }) => [stream.tenant, version]), [[one, 1], [other, 1]])
      yield* Effect.provideService(Projection.catchUp(projection), Tenant, other)
      assert.strictEqual(events.length, 2)
    }))

  it.effect("a projection that is paused handles nothing until it is resumed, and whoever waits for it is told", () =>
    Effect.gen(function*() {
      const { account, cents, projection } = recording()
      yield* append(account, "a", 1)
      yield* runs(projection)
      yield* Projection.whenCaughtUp(projection)
      yield* Projections.pause(projection)
      yield* append(account, "a", 2)
      const halted = yield* Effect.flip(Projection.whenCaughtUp(projection))
      assert.strictEqual(halted.message, `${projection.name} v1 is paused and goes no further`)
      assert.strictEqual((yield* Effect.flip(Projection.catchUp(projection)))._tag, "ProjectionHalted")
      assert.deepStrictEqual(cents, [1])
      yield* Projections.resume(projection)
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(cents, [1, 2])
    }))

  it.effect("a batch that is under way when a projection is started over does not count", () =>
    Effect.gen(function*() {
      const projections = yield* ProjectionStore
      const { account, projection } = recording()
      const { position } = yield* append(account, "a", 1)
      yield* projections.register(projection, { partitions: 1, categories: [account.category] })
      const { claims: [claim] } = yield* projections.claim(projection, { worker: "first", lease: 60_000 })
      yield* Projections.reset(projection)
      const lost = yield* Effect.void.pipe(
        projections.commit({ ...projection, partition: 0 }, { token: claim!.token, from: 0, to: position, events: 1 }),
        Effect.flip
      )
      assert.strictEqual(lost._tag, "PartitionLost")
      assert.deepStrictEqual(yield* positionsOf(projection), [0])
    }))

  it.effect("a handler that does not end in time, dies or is interrupted has failed", () =>
    Effect.gen(function*() {
      const { account, cents, projection } = recording(([{ event: { cents } }]) =>
        cents === 1
          ? Effect.timeout(Effect.never, "20 millis")
          : cents === 2
          ? Effect.die(new Error("gone"))
          : cents === 3
          ? Effect.interrupt
          : Effect.void
      )
      yield* append(account, "a", 1, 2, 3, 4)
      yield* quietly(runs(projection, { batchSize: 1, onFailure: "skip" }))
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(cents, [4])
      const errors = (yield* Projections.parked(projection)).map(({ error }) => error)
      assert.strictEqual(errors.length, 3)
      assert.strictEqual(errors[1], "gone")
      assert.isTrue(errors.every((error) => error !== ""))
    }))
}
