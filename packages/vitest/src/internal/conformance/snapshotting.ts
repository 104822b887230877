import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Aggregate from "refold/Aggregate"
import { EventStore } from "refold/EventStore"
import * as Tuning from "refold/Tuning"
import { freshId, type It } from "./fixtures.ts"
import { add, clear, count, makeTally, observed, tally } from "./tally.ts"

const everyTen = { every: 10, version: 1 }
const Tally = makeTally(everyTen)

/** Without -0, which JSON does not know. */
const positive = Schema.Int.check(Schema.isGreaterThan(0))

/** A stream with numbers from 1 to `end`, and a snapshot at its end. */
const createTally = Effect.fnUntraced(function*(end = 20) {
  const id = freshId()
  yield* Tally.execute(id, add(...count(end)))
  return id
})

/** What the events come to, one after the other. */
const replayed = Effect.fnUntraced(function*(id: string) {
  const store = yield* EventStore
  const events = yield* Stream.runCollect(store.read(Tally, id))
  return events.reduce((state, { event }) => Tally.evolve(state, event), Tally.initial)
})

export const snapshotting = (it: It) => {
  it.effect("a stream is loaded from its snapshot and the events after it", () =>
    Effect.gen(function*() {
      const id = yield* createTally(20)
      yield* Tally.execute(id, add(21, 22))
      const { asked, events, reads, result } = yield* observed(Tally.load(id))
      assert.deepStrictEqual(result.state, { numbers: count(22), cleared: 0 })
      assert.deepStrictEqual([result.version, events, reads, asked], [22, 2, 1, 1])
    }))

  it.effect("a command is decided on a snapshot and the events after it, and so is one from an older screen", () =>
    Effect.gen(function*() {
      const id = yield* createTally(20)
      yield* Tally.execute(id, add(21))
      const fresh = yield* observed(Tally.execute(id, add(22)))
      assert.deepStrictEqual([fresh.result.version, fresh.result.missed.length, fresh.events], [22, 0, 1])
      const stale = yield* observed(Tally.execute(id, add(23), { seen: 20 }))
      assert.deepStrictEqual([stale.result.missed.map(({ version }) => version), stale.events], [[21, 22], 2])
      const older = yield* observed(Tally.execute(id, add(24), { seen: 19 }))
      assert.deepStrictEqual([older.result.missed.map(({ version }) => version), older.events], [[20, 21, 22, 23], 23])
      assert.deepStrictEqual((yield* makeTally(everyTen).load(id)).state.numbers, count(24))
    }))

  it.effect("snapshots of another version, another state or another beginning are ignored, and kept", () =>
    Effect.gen(function*() {
      const id = yield* createTally(20)
      const others = [
        makeTally({ every: 10, version: 2 }),
        Aggregate.make("Tally", { ...tally, snapshots: everyTen, initial: { numbers: [], cleared: 1 } }),
        Aggregate.make("Tally", {
          ...tally,
          snapshots: everyTen,
          state: Schema.Struct({ ...tally.state.fields, note: Schema.optionalKey(Schema.String) })
        })
      ]
      for (const [index, other] of others.entries()) {
        const { events, result } = yield* observed(other.load(id))
        assert.deepStrictEqual([result.state.numbers.length, events], [20 + 10 * index, 20 + 10 * index])
        yield* other.execute(id, add(...count(10)))
        assert.strictEqual((yield* observed(other.load(id))).events, 0)
        assert.strictEqual((yield* observed(Tally.load(id))).events, 10 * (index + 1))
      }
    }))

  it.effect("an old release and a new one run side by side, each on its own snapshots", () =>
    Effect.gen(function*() {
      const id = freshId()
      const next = Aggregate.make("Tally", {
        ...tally,
        snapshots: { every: 10, version: 2 },
        evolve: (state, event) =>
          event._tag === "Added" ? { ...state, numbers: [...state.numbers, -event.number] } : tally.evolve(state, event)
      })
      for (const number of count(25)) yield* (number % 2 === 0 ? next : Tally).execute(id, add(number))
      const old = yield* observed(Tally.load(id))
      const young = yield* observed(next.load(id))
      assert.deepStrictEqual(old.result.state.numbers, count(25))
      assert.deepStrictEqual(young.result.state.numbers, count(25).map((number) => -number))
      assert.isBelow(old.events, 10)
      assert.isBelow(young.events, 10)
    }))

  it.effect("an older state takes the place of a newer one only if that was saved of another log", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      yield* makeTally().execute(id, add(...count(5)))
      const events = yield* Stream.runCollect(store.read(Tally, id))
      const save = (version: number, cleared: number, position = events[version - 1]!.position) =>
        store.saveSnapshot(Tally, id, {
          fingerprint: Tally.snapshots!.fingerprint,
          version,
          position,
          recordedAt: events[version - 1]!.recordedAt,
          state: JSON.stringify({ numbers: [], cleared })
        })
      const load = Effect.map(observed(Tally.load(id)), ({ events, result }) => [result.state.cleared, events])
      yield* save(4, 4)
      yield* save(3, 3)
      assert.deepStrictEqual(yield* load, [4, 1])
      yield* save(5, 5, 0)
      yield* save(3, 3)
      assert.deepStrictEqual(yield* load, [3, 2])
    }))

  for (
    const [what, wrong] of Object.entries({
      "is ahead of its stream": { version: 99 },
      "was saved of another log": { position: 0 },
      "cannot be read": { state: `{"numbers":"none"}` }
    })
  ) {
    it.effect(`a snapshot that ${what} is ignored, and makes way for the next one`, () =>
      Effect.gen(function*() {
        const store = yield* EventStore
        const id = freshId()
        yield* makeTally().execute(id, add(...count(15)))
        const [last] = yield* Stream.runCollect(store.read(Tally, id, { after: 14 }))
        yield* store.saveSnapshot(Tally, id, {
          fingerprint: Tally.snapshots!.fingerprint,
          version: 15,
          position: last!.position,
          recordedAt: last!.recordedAt,
          state: `{"numbers":[],"cleared":7}`,
          ...wrong
        })
        const { events, result: { state } } = yield* observed(Tally.load(id))
        assert.deepStrictEqual([state, events], [{ numbers: count(15), cleared: 0 }, 15])
        yield* makeTally(everyTen).execute(id, add(16, 17, 18, 19, 20))
        assert.strictEqual((yield* observed(Tally.load(id))).events, 0)
      }))
  }

  it.effect.prop(
    "replaying, folding as one goes, and a snapshot with what came after it give the same state",
    {
      commands: Schema.Array(Schema.Union([Schema.Array(positive), Schema.Null])),
      every: Schema.Literals([1, 2, 3, 7])
    },
    ({ commands, every }) =>
      Effect.gen(function*() {
        const id = freshId()
        const snapshots = { every, version: 1 }
        const writers = [makeTally(snapshots), makeTally(snapshots)]
        for (const [index, command] of commands.entries()) {
          yield* writers[index % 2]!.execute(id, command === null ? clear : add(...command))
        }
        const expected = yield* replayed(id)
        for (const tally of [...writers, makeTally(snapshots), makeTally()]) {
          assert.deepStrictEqual((yield* tally.load(id)).state, expected)
        }
        const uncached = Effect.provideService(Tuning.Current, { ...Tuning.defaults, cachedStates: 0 })
        assert.deepStrictEqual((yield* uncached(writers[0]!.load(id))).state, expected)
      }),
    { arbitrary: { runs: 15 } }
  )

  it.effect("what was loaded is remembered: after that only what is new is read, by commands and loads alike", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = yield* createTally(15)
      const plain = makeTally()
      const { result } = yield* observed((soFar) =>
        Effect.gen(function*() {
          yield* plain.load(id)
          const first = soFar.events
          yield* store.append(plain, id, [{ _tag: "Added", number: 16 }])
          const { state } = yield* plain.load(id)
          const second = soFar.events
          yield* plain.execute(id, add(17))
          return { first, second, state, reads: soFar.reads }
        })
      )
      assert.deepStrictEqual(result, { first: 15, second: 16, state: { numbers: count(16), cleared: 0 }, reads: 2 })
    }))

  it.effect("a process that keeps no states in memory reads from the snapshot every time", () =>
    Effect.gen(function*() {
      const id = yield* createTally(15)
      yield* Tally.execute(id, add(16))
      const { asked, events, result } = yield* observed(
        Effect.andThen(Tally.load(id), Tally.load(id)).pipe(
          Effect.provideService(Tuning.Current, { ...Tuning.defaults, cachedStates: 0 })
        )
      )
      assert.deepStrictEqual([result.version, events, asked], [16, 2, 2])
    }))
}
