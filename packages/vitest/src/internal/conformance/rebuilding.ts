import { assert } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import * as Projection from "refold/Projection"
import * as Projections from "refold/Projections"
import { ProjectionStore } from "refold/ProjectionStore"
import * as Rebuild from "refold/Rebuild"
import { credited, freshId, type It, makeAccount } from "./fixtures.ts"

/** Projections of one name that keep what each version has handled, and what was done outside by any of them. */
const makeLedger = () => {
  const account = makeAccount(`Rebuilt-${freshId()}`)
  const name = `ledger-${freshId()}`
  const handled = new Map<number, Array<number>>()
  const mails: Array<number> = []
  const version = (version: number) =>
    Projection.make(name, {
      version,
      from: [account],
      handle: (events) =>
        Effect.gen(function*() {
          const own = handled.get(version) ?? []
          handled.set(version, own)
          for (const { position } of events) own.push(position)
          yield* Projection.sideEffect(Effect.sync(() => {
            for (const { position } of events) mails.push(position)
          }))
        })
    })
  const append = (stream: string, ...cents: ReadonlyArray<number>) =>
    EventStore.EventStore.use((store) => store.append(account, stream, cents.map(credited)))
  const positions = EventStore.EventStore.use((store) =>
    Effect.map(Stream.runCollect(store.readAll([account])), (events) => events.map(({ position }) => position))
  )
  return { name, version, append, positions, handled, mails }
}

const numerically = (numbers: ReadonlyArray<number> | undefined) =>
  (numbers ?? []).toSorted((one, other) => one - other)

const statusesOf = (name: string) =>
  Effect.map(Projections.list(name), (all) => all.map(({ isLive, status, version }) => ({ version, status, isLive })))

export const rebuilding = (it: It) => {
  it.effect("a later version is built beside the live one, takes over from it, and does nothing a second time", () =>
    Effect.gen(function*() {
      const { append, handled, mails, name, positions, version } = makeLedger()
      yield* append("a", 1, 2)
      yield* append("b", 3)
      yield* Projection.catchUp(version(1))
      const progress = yield* Stream.runCollect(Rebuild.rebuild(version(2)))
      const last = progress[progress.length - 1]
      assert.strictEqual(last?.phase, "live")
      assert.strictEqual(last?.handled, 3)
      assert.deepStrictEqual(yield* statusesOf(name), [
        { version: 1, status: "retired", isLive: false },
        { version: 2, status: "running", isLive: true }
      ])
      yield* append("a", 4)
      yield* Projection.catchUp(version(2))
      const all = yield* positions
      assert.deepStrictEqual(handled.get(1), all.slice(0, 3))
      assert.deepStrictEqual(handled.get(2), all)
      assert.deepStrictEqual(mails, all)
    }))

  it.effect("what an old version that nobody runs has not handled, the new one does in full", () =>
    Effect.gen(function*() {
      const { append, handled, mails, positions, version } = makeLedger()
      yield* append("a", 1, 2)
      yield* Projection.catchUp(version(1))
      yield* append("a", 3)
      yield* Stream.runDrain(Rebuild.rebuild(version(2), { partitions: 3 }))
      const all = yield* positions
      assert.deepStrictEqual(handled.get(1), all.slice(0, 2))
      assert.deepStrictEqual(numerically(handled.get(2)), all)
      assert.deepStrictEqual(mails, all)
    }))

  it.effect("a version that is not live is built as far as the live one has come, and no further", () =>
    Effect.gen(function*() {
      const { append, handled, mails, positions, version } = makeLedger()
      const { position } = yield* append("a", 1, 2)
      yield* Projection.catchUp(version(1))
      yield* append("a", 3)
      assert.strictEqual(yield* Projection.catchUp(version(2)), position)
      const all = yield* positions
      assert.deepStrictEqual(handled.get(2), all.slice(0, 2))
      assert.deepStrictEqual(mails, all.slice(0, 2))
    }))

  it.effect("the first version of a name can be rebuilt as well, and does everything itself", () =>
    Effect.gen(function*() {
      const { append, mails, positions, version } = makeLedger()
      yield* append("a", 1, 2)
      const progress = yield* Stream.runCollect(Rebuild.rebuild(version(1)))
      assert.strictEqual(progress[progress.length - 1]?.phase, "live")
      assert.deepStrictEqual(mails, yield* positions)
    }))

  it.effect("an old version comes back with what it has missed, and is told that the other one did it", () =>
    Effect.gen(function*() {
      const { append, handled, mails, name, positions, version } = makeLedger()
      yield* append("a", 1)
      yield* Projection.catchUp(version(1))
      yield* Stream.runDrain(Rebuild.rebuild(version(2)))
      yield* append("a", 2)
      yield* Projection.catchUp(version(2))
      yield* Stream.runDrain(Rebuild.rebuild(version(1)))
      yield* append("a", 3)
      yield* Projection.catchUp(version(1))
      const all = yield* positions
      assert.deepStrictEqual(handled.get(1), all)
      assert.deepStrictEqual(handled.get(2), all.slice(0, 2))
      assert.deepStrictEqual(mails, all)
      assert.deepStrictEqual(yield* statusesOf(name), [
        { version: 1, status: "running", isLive: true },
        { version: 2, status: "retired", isLive: false }
      ])
    }))

  it.effect("a rebuild that is interrupted goes on where it was", () =>
    Effect.gen(function*() {
      const { append, handled, positions, version } = makeLedger()
      yield* append("a", ...Array.from({ length: 30 }, (_, n) => n))
      yield* Projection.catchUp(version(1))
      const reached = yield* Deferred.make<void>()
      const slow = {
        ...version(2),
        handle: (events: Parameters<ReturnType<typeof version>["handle"]>[0], partition: Projection.Partition) =>
          Effect.andThen(
            version(2).handle(events, partition),
            (handled.get(2)?.length ?? 0) >= 10 ? Deferred.succeed(reached, undefined) : Effect.void
          )
      }
      const first = yield* Effect.forkChild(
        Stream.runDrain(Rebuild.rebuild(slow, { batchSize: 5, eventsPerSecond: 40 }))
      )
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(first)
      const before = handled.get(2)?.length ?? 0
      assert.isBelow(before, 30)
      yield* Stream.runDrain(Rebuild.rebuild(version(2)))
      assert.deepStrictEqual(handled.get(2), yield* positions)
    }))

  it.effect("a rebuild is as slow as it is asked to be", () =>
    Effect.gen(function*() {
      const { append, version } = makeLedger()
      yield* append("a", ...Array.from({ length: 20 }, (_, n) => n))
      yield* Projection.catchUp(version(1))
      const began = Date.now()
      yield* Stream.runDrain(Rebuild.rebuild(version(2), { eventsPerSecond: 40 }))
      // the first ten at once, the rest a quarter of a second later
      assert.isAtLeast(Date.now() - began, 240)
    }))

  it.effect("a rebuild fails with the handler's own error, and readers keep the old version", () =>
    Effect.gen(function*() {
      const { append, name, version } = makeLedger()
      yield* append("a", 1)
      yield* Projection.catchUp(version(1))
      const broken = { ...version(2), handle: () => Effect.fail("not today") }
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(Rebuild.rebuild(broken))), "not today")
      assert.strictEqual(yield* ProjectionStore.use((store) => store.liveVersion(name)), 1)
    }))

  it.effect("a paused rebuild waits, and does not take over", () =>
    Effect.gen(function*() {
      const { append, name, version } = makeLedger()
      yield* append("a", 1)
      yield* Projection.catchUp(version(1))
      yield* Projection.catchUp(version(2))
      yield* Projections.pause(version(2))
      const [first] = yield* Stream.runCollect(Stream.take(Rebuild.rebuild(version(2)), 2))
      assert.strictEqual(first?.phase, "building")
      assert.strictEqual(yield* ProjectionStore.use((store) => store.liveVersion(name)), 1)
      yield* Projections.resume(version(2))
      yield* Stream.runDrain(Rebuild.rebuild(version(2)))
      assert.strictEqual(yield* ProjectionStore.use((store) => store.liveVersion(name)), 2)
    }))

  it.effect("a worker of the old version that comes back after the change cannot move it", () =>
    Effect.gen(function*() {
      const { append, name, positions, version } = makeLedger()
      yield* append("a", 1)
      yield* Projection.catchUp(version(1))
      const store = yield* ProjectionStore
      const { claims: [claim] } = yield* store.claim(version(1), { worker: "old", lease: 60_000 })
      assert.isTrue(claim !== undefined)
      yield* Stream.runDrain(Rebuild.rebuild(version(2)))
      const { position: to } = yield* append("a", 2)
      const { position: from, token } = claim!
      const late = store.commit({ name, version: 1, partition: 0 }, { token, from, to, events: 1 })(Effect.void)
      assert.strictEqual((yield* Effect.flip(late))._tag, "PartitionLost")
      assert.strictEqual((yield* positions).length, 2)
    }))

  it.effect("who has just taken over is not taken over from before it has had what the one before it had done", () =>
    Effect.gen(function*() {
      const { append, version } = makeLedger()
      yield* append("a", 1)
      yield* Projection.catchUp(version(1))
      const store = yield* ProjectionStore
      yield* store.register(version(2), { partitions: 1, categories: version(2).from.map(({ category }) => category) })
      assert.isTrue(yield* store.takeOver(version(2), 1))
      yield* store.prepare(version(1))
      assert.isFalse(yield* store.takeOver(version(1), 2))
      yield* Projection.catchUp(version(2))
      assert.isTrue(yield* store.takeOver(version(1), 2))
    }))

  it.effect("a stream falls to the partition that the store says, whatever its name", () =>
    Effect.gen(function*() {
      const { append, version } = makeLedger()
      const names = ["a", "ü/日本", "😀", "x".repeat(200), "a\\b", "1410", "'", "{}"]
      for (const name of names) yield* append(name, 1)
      const { batches } = yield* EventStore.EventStore
      const store = yield* ProjectionStore
      for (const partitions of [2, 3, 7]) {
        for (let index = 0; index < partitions; index++) {
          const partition = { index, of: partitions }
          const read = batches(version(1).from, { follow: false, tenants: "all", partition })
          for (const { stream } of (yield* Stream.runCollect(read)).flatMap(({ events }) => events)) {
            assert.strictEqual(store.partitionOf(stream, partitions), index, stream.id)
          }
        }
      }
    }))

  it.effect("one version takes over once, however many ask for it", () =>
    Effect.gen(function*() {
      const { append, version } = makeLedger()
      yield* append("a", 1)
      yield* Projection.catchUp(version(1))
      yield* Projection.catchUp(version(2))
      const store = yield* ProjectionStore
      const asked = Array.from({ length: 4 }, () => store.takeOver(version(2), 1))
      const outcomes = yield* Effect.all(asked, { concurrency: "unbounded" })
      assert.deepStrictEqual(outcomes.filter((isDone) => isDone), [true])
    }))

  it.effect("a version that is built while the live one is dropped is not live by accident", () =>
    Effect.gen(function*() {
      const { append, mails, name, positions, version } = makeLedger()
      yield* append("a", 1)
      yield* Projection.catchUp(version(1))
      yield* Projection.catchUp(version(2))
      yield* Projections.drop(version(1))
      yield* append("a", 2)
      yield* Stream.runDrain(Rebuild.rebuild(version(2)))
      assert.strictEqual(yield* ProjectionStore.use((store) => store.liveVersion(name)), 2)
      yield* append("a", 3)
      yield* Projection.catchUp(version(2))
      const all = yield* positions
      assert.deepStrictEqual(mails, [all[0], all[2]])
    }))

  it.effect(
    "changed over again and again under writers, each event has its side effects once, and no version misses any",
    () =>
      Effect.gen(function*() {
        const { append, handled, mails, positions, version } = makeLedger()
        yield* append("0", 0)
        const isOver = yield* Deferred.make<void>()
        const writing = yield* Effect.forkChild(
          Effect.forEach(Array.from({ length: 4 }, (_, n) => String(n)), (stream) =>
            Effect.gen(function*() {
              while (!(yield* Deferred.isDone(isOver))) {
                yield* append(stream, 1)
                yield* append(stream, 2, 3)
                yield* Effect.sleep("3 millis")
              }
            }), { concurrency: "unbounded" })
        )

        const divided = (n: number) => ({ partitions: 1 + n * 7 % 4, lease: "1 second" as const, batchSize: 20 })
        const run = (n: number) => Effect.forkChild(Projection.run(version(n), divided(n)))
        const workers = [yield* run(1)]
        for (const [old, next] of [[1, 2], [2, 3], [3, 1]] as const) {
          yield* Stream.runDrain(Rebuild.rebuild(version(next), divided(next)))
          workers.push(yield* run(next))
          yield* append("last", old)
        }
        yield* Deferred.succeed(isOver, undefined)
        yield* Fiber.join(writing)
        yield* Projection.whenCaughtUp(version(1))
        yield* Fiber.interruptAll(workers)
        const all = yield* positions
        assert.deepStrictEqual(numerically(handled.get(1)), all)
        assert.deepStrictEqual(numerically(mails), all)
        for (const own of handled.values()) assert.strictEqual(new Set(own).size, own.length)
      }),
    60_000
  )
}
