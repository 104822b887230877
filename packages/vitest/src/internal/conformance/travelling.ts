import { assert } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import { freshId, type It } from "./fixtures.ts"
import { add, count, makeTally, observed } from "./tally.ts"

const Tally = makeTally({ every: 10, version: 1 })

/** A stream of that many events, each appended on its own, and a snapshot at every tenth. */
const createTally = Effect.fnUntraced(function*(end: number) {
  const id = freshId()
  for (const number of count(end)) yield* Tally.execute(id, add(number))
  return id
})

export const travelling = (it: It) => {
  it.effect("a state is loaded as it was at any version, and past the end as it is at the end", () =>
    Effect.gen(function*() {
      const id = yield* createTally(12)
      for (const version of [0, 1, 9, 10, 11, 12, 13, Number.MAX_SAFE_INTEGER]) {
        const loaded = yield* Tally.load(id, { version })
        const end = Math.min(version, 12)
        assert.deepStrictEqual([loaded.version, loaded.state.numbers], [end, count(end)])
      }
      const missing = yield* Tally.load(freshId(), { version: 3 })
      assert.deepStrictEqual(missing, { state: { numbers: [], cleared: 0 }, version: 0, position: 0 })
    }))

  it.effect("a version that is none is a fault of the program", () =>
    Effect.gen(function*() {
      const id = yield* createTally(2)
      for (const version of [-1, 1.5, NaN, Infinity]) {
        const exit = yield* Effect.exit(Tally.load(id, { version }))
        assert.isTrue(Exit.isFailure(exit) && exit.cause.reasons.some((reason) => reason._tag === "Die"))
      }
    }))

  it.effect("only as much is read as the version asks for, from the snapshot if that is not past it", () =>
    Effect.gen(function*() {
      const id = yield* createTally(23)
      const read = (version: number) =>
        Effect.map(observed(Tally.load(id, { version })), ({ events, result }) => {
          assert.deepStrictEqual([result.version, result.state.numbers], [version, count(version)])
          return events
        })
      const events = yield* Effect.forEach([0, 5, 19, 20, 22, 23], read)
      assert.deepStrictEqual(events, [0, 5, 19, 0, 2, 3])
    }))

  it.effect("what is remembered serves later versions and no earlier ones", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = yield* createTally(5)
      const plain = makeTally()
      const { result } = yield* observed((soFar) =>
        Effect.gen(function*() {
          yield* plain.load(id)
          const before = soFar.events
          yield* store.append(plain, id, [6, 7, 8].map((number) => ({ _tag: "Added", number })))
          const beyond = yield* plain.load(id, { version: 6 })
          const one = soFar.events - before
          const behind = yield* plain.load(id, { version: 4 })
          return [beyond.version, one, behind.version, behind.state.numbers.length]
        })
      )
      assert.deepStrictEqual(result, [6, 1, 4, 4])
    }))

  it.effect("a state is loaded as it was at any instant, with and without a snapshot", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = yield* createTally(25)
      const events = yield* Stream.runCollect(store.read(Tally, id))
      const instants = events.flatMap(({ recordedAt }) =>
        [-1, 0, 1].map((millis) => DateTime.add(recordedAt, { milliseconds: millis }))
      )
      for (const at of instants) {
        const later = events.findIndex(({ recordedAt }) => DateTime.isGreaterThan(recordedAt, at))
        const expected = later < 0 ? 25 : later
        for (const tally of [Tally, makeTally({ every: 10, version: 1 }), makeTally()]) {
          const loaded = yield* tally.load(id, { at })
          assert.deepStrictEqual([loaded.version, loaded.state.numbers], [expected, count(expected)])
          assert.strictEqual(loaded.position, events[expected - 1]?.position ?? 0)
        }
      }
    }))

  it.effect("before the first event is the initial state, and the snapshot is not asked beyond its instant", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = yield* createTally(20)
      const [first] = yield* Stream.runCollect(store.read(Tally, id, { upTo: 1 }))
      const before = yield* Tally.load(id, { at: DateTime.subtract(first!.recordedAt, { milliseconds: 1 }) })
      assert.deepStrictEqual([before.version, before.state.numbers, before.position], [0, [], 0])
      const now = yield* observed(Tally.load(id, { at: DateTime.add(first!.recordedAt, { days: 1 }) }))
      assert.deepStrictEqual([now.result.version, now.events], [20, 0])
    }))

  it.effect("an instant does not part events that were appended together", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      yield* Tally.execute(id, add(1, 2, 3))
      const events = yield* Stream.runCollect(store.read(Tally, id))
      assert.strictEqual(new Set(events.map(({ recordedAt }) => DateTime.toEpochMillis(recordedAt))).size, 1)
      assert.strictEqual((yield* Tally.load(id, { at: events[0]!.recordedAt })).version, 3)
    }))

  it.effect("of a version and an instant, whichever comes first is the end", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = yield* createTally(3)
      const [first] = yield* Stream.runCollect(store.read(Tally, id, { upTo: 1 }))
      const early = DateTime.subtract(first!.recordedAt, { milliseconds: 1 })
      const late = DateTime.add(first!.recordedAt, { days: 1 })
      assert.strictEqual((yield* Tally.load(id, { version: 2, at: early })).version, 0)
      assert.strictEqual((yield* Tally.load(id, { version: 2, at: late })).version, 2)
    }))

  it.effect("a long stream is not read to its end for what was at its beginning", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = yield* createTally(1)
      const [first] = yield* Stream.runCollect(store.read(Tally, id))
      yield* store.append(Tally, id, count(2500).map((number) => ({ _tag: "Added" as const, number })))
      const beginning = yield* observed(makeTally().load(id, { version: 7 }))
      assert.deepStrictEqual([beginning.result.version, beginning.events], [7, 7])
      const early = yield* observed(
        makeTally().load(id, { at: DateTime.subtract(first!.recordedAt, { milliseconds: 1 }) })
      )
      assert.deepStrictEqual([early.result.version, early.events], [0, 1000])
      const pages = yield* observed(makeTally().load(id, { version: 2200 }))
      assert.deepStrictEqual([pages.result.version, pages.events], [2200, 2200])
    }))
}
