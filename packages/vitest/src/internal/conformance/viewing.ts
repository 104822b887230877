import { assert } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import * as Projection from "refold/Projection"
import * as Projections from "refold/Projections"
import { ProjectionStore } from "refold/ProjectionStore"
import { Tenant } from "refold/StreamId"
import * as View from "refold/View"
import * as Views from "refold/Views"
import { type Board, makeBoard, played } from "./board.ts"
import { freshId, type It } from "./fixtures.ts"

/** What a reader sees, as plain data. */
const all = (board: Board, consistency: Views.Consistency = "eventual") =>
  Effect.map(Views.all(board.byPerson, { consistency }), (rows) => Object.fromEntries(rows))

export const viewing = (it: It) => {
  it.effect("a view is the fold of its events, whether it is folded now, caught up with, inline, or read as current", () =>
    Effect.gen(function*() {
      const { byPerson, byTable, play, table } = makeBoard()
      const inline: typeof byPerson = { ...byPerson, name: `${byPerson.name}-inline` }
      yield* Effect.provide(play, Projection.inline(Projection.ofView(inline)))
      assert.deepStrictEqual([...yield* Views.live(byPerson)], played)
      assert.deepStrictEqual([...yield* Views.all(inline)], played)
      yield* Projection.catchUp(Projection.ofView(byPerson), { partitions: 3 })
      assert.deepStrictEqual([...yield* Views.all(byPerson)], played)
      yield* Projection.catchUp(Projection.ofView(byTable), { partitions: 2, batchSize: 1 })
      assert.deepStrictEqual([...yield* Views.all(byTable)], [...yield* Views.live(byTable)])
      const nobodyRuns: typeof byPerson = { ...byPerson, name: `${byPerson.name}-registered` }
      yield* ProjectionStore.use((store) => store.register(nobodyRuns, { partitions: 1, categories: [table.category] }))
      assert.deepStrictEqual([...yield* Views.all(nobodyRuns)], [])
      assert.deepStrictEqual([...yield* Views.all(nobodyRuns, { consistency: "current" })], played)
    }))

  it.effect("a row that is deleted is gone for readers, and begins anew with the next event of its key", () =>
    Effect.gen(function*() {
      const board = makeBoard()
      const projection = Projection.ofView(board.byPerson)
      yield* board.sit("1", "Ann")
      yield* board.rise("1", "Ann")
      yield* Projection.catchUp(projection)
      assert.deepStrictEqual(yield* Views.get(board.byPerson, "Ann"), Option.none())
      assert.deepStrictEqual(yield* all(board), {})
      yield* board.sit("2", "Ann")
      assert.deepStrictEqual(yield* Views.get(board.byPerson, "Ann"), Option.none())
      assert.deepStrictEqual(yield* all(board, "current"), { Ann: { tables: ["2"] } })
      yield* Projection.catchUp(projection)
      assert.deepStrictEqual(yield* all(board), { Ann: { tables: ["2"] } })
    }))

  it.effect("events that come again change no row, and do not bring back one that was deleted", () =>
    Effect.gen(function*() {
      const board = makeBoard()
      const projection = Projection.ofView(board.byPerson)
      yield* board.sit("1", "Ann")
      yield* board.sit("2", "Bob")
      yield* board.rise("1", "Ann")
      yield* Projection.catchUp(projection)
      yield* ProjectionStore.use((store) => store.moveTo(projection, 1))
      assert.deepStrictEqual(yield* all(board, "current"), { Bob: { tables: ["2"] } })
      yield* Projection.catchUp(projection, { batchSize: 1 })
      assert.deepStrictEqual(yield* all(board), { Bob: { tables: ["2"] } })
    }))

  it.effect("an event that concerns rows of several partitions is counted once in each of them", () =>
    Effect.gen(function*() {
      const board = makeBoard()
      const projection = Projection.ofView(board.byPerson)
      const people = Array.from({ length: 20 }, (_, n) => `p${String(n).padStart(2, "0")}`)
      yield* board.sit("1", ...people)
      yield* board.sit("2", ...people)
      yield* Projection.catchUp(projection, { partitions: 4, batchSize: 1 })
      assert.deepStrictEqual(
        yield* all(board),
        Object.fromEntries(people.map((person) => [person, { tables: ["1", "2"] }]))
      )
    }))

  it.effect("every tenant has rows of its own, under the same keys", () =>
    Effect.gen(function*() {
      const board = makeBoard()
      const [one, other] = [`tenant-${freshId()}`, `tenant-${freshId()}`]
      yield* Effect.provideService(board.sit("1", "Ann"), Tenant, one)
      yield* Effect.provideService(board.sit("2", "Ann"), Tenant, other)
      yield* Projection.catchUp(Projection.ofView(board.byPerson), { partitions: 2 })
      yield* Effect.provideService(board.sit("3", "Ann"), Tenant, one)
      const read = (consistency: Views.Consistency) =>
        Effect.all([
          Effect.provideService(all(board, consistency), Tenant, one),
          Effect.provideService(all(board, consistency), Tenant, other),
          all(board, consistency)
        ])
      assert.deepStrictEqual(yield* read("eventual"), [{ Ann: { tables: ["1"] } }, { Ann: { tables: ["2"] } }, {}])
      assert.deepStrictEqual(yield* read("current"), [{ Ann: { tables: ["1", "3"] } }, { Ann: { tables: ["2"] } }, {}])
    }))

  it.effect("states and keys are read as they were folded, whatever Unicode is in them", () =>
    Effect.gen(function*() {
      const board = makeBoard()
      const key = "\u00e9 e\u0301 \ud83c\udf33 \uffff \\u0000 \"'%_\u202e"
      const table = "\ud83c\udf33 1"
      yield* board.sit(table, key, "")
      yield* board.note(table, "NUL \0, half \ud800, \u2028")
      yield* Projection.catchUp(Projection.ofView(board.byPerson))
      yield* Projection.catchUp(Projection.ofView(board.byTable))
      assert.deepStrictEqual(yield* all(board), { "": { tables: [table] }, [key]: { tables: [table] } })
      assert.deepStrictEqual(yield* Views.get(board.byPerson, key), Option.some({ tables: [table] }))
      assert.deepStrictEqual(yield* Views.get(board.byPerson, ""), Option.some({ tables: [table] }))
      assert.deepStrictEqual(
        yield* Views.get(board.byTable, table),
        Option.some({ people: 2, note: "NUL \0, half \ud800, \u2028" })
      )
    }))

  it.effect("what cannot be a key fails with the event that has it, and has no row", () =>
    Effect.gen(function*() {
      for (const person of ["NUL \0", "half \ud800", "x".repeat(513)]) {
        const board = makeBoard()
        const { position } = yield* board.sit("1", person)
        const error = yield* Effect.flip(Projection.catchUp(Projection.ofView(board.byPerson)))
        assert.instanceOf(error, View.InvalidKey)
        assert.deepStrictEqual([error.key, error.position], [person, position])
        assert.deepStrictEqual(yield* Views.get(board.byPerson, person), Option.none())
      }
    }))

  it.effect("a state that its own schema does not allow fails, and names the row", () =>
    Effect.gen(function*() {
      const { sit, table } = makeBoard()
      const view = View.make(`few-${freshId()}`, {
        version: 1,
        from: [table],
        state: Schema.Struct({ people: Schema.Int.check(Schema.isLessThan(3)) }),
        initial: { people: 0 },
        evolve: ({ people }, { event }) => ({ people: people + (event._tag === "Sat" ? event.people.length : 0) })
      })
      yield* sit("1", "Ann", "Bob")
      yield* Projection.catchUp(Projection.ofView(view))
      yield* sit("1", "Cy")
      const error = yield* Effect.flip(Projection.catchUp(Projection.ofView(view)))
      assert.instanceOf(error, View.UnreadableRow)
      assert.include(error.message, "the row \"1\" does not fit the schema")
      assert.deepStrictEqual(yield* Views.get(view, "1"), Option.some({ people: 2 }))
    }))

  it.effect("a row that was stored under another shape is not read as if it fitted, and the way out is named", () =>
    Effect.gen(function*() {
      const { byTable, sit, table } = makeBoard()
      yield* sit("1", "Ann")
      yield* Projection.catchUp(Projection.ofView(byTable))
      const view = View.make(byTable.name, {
        version: 1,
        from: [table],
        state: Schema.Struct({ people: Schema.Array(Schema.String) }),
        initial: { people: [] },
        evolve: (state) => state
      })
      for (const read of [Effect.asVoid(Views.get(view, "1")), Effect.asVoid(Views.all(view))]) {
        const error = yield* Effect.flip(read)
        assert.instanceOf(error, View.UnreadableRow)
        assert.include(error.message, "raise the version of the view")
      }
    }))

  it.effect("a view that nobody has run, or that is being built beside another version, is not there for readers", () =>
    Effect.gen(function*() {
      const { byTable, sit } = makeBoard()
      yield* sit("1", "Ann")
      const nobodyRan = yield* Effect.flip(Views.get(byTable, "1", { consistency: "current" }))
      assert.instanceOf(nobodyRan, Views.NotReadable)
      yield* Projection.catchUp(Projection.ofView(byTable))
      const next: typeof byTable = { ...byTable, version: 2 }
      yield* Projection.catchUp(Projection.ofView(next))
      for (const consistency of ["eventual", "current", { atLeast: 1 }] as const) {
        const beingBuilt = yield* Effect.flip(Views.all(next, { consistency }))
        assert.instanceOf(beingBuilt, Views.NotReadable)
        assert.strictEqual(beingBuilt.version, 2)
      }
      const projections = yield* ProjectionStore
      assert.isTrue(yield* projections.takeOver(next, 1))
      yield* sit("1", "Bob")
      yield* Projection.catchUp(Projection.ofView(next))
      assert.strictEqual(Option.getOrThrow(yield* Views.get(next, "1")).people, 2)
      // processes of the earlier release go on with what they know
      assert.strictEqual(Option.getOrThrow(yield* Views.get(byTable, "1")).people, 1)
      assert.strictEqual(Option.getOrThrow(yield* Views.get(byTable, "1", { consistency: "current" })).people, 2)
    }))

  it.effect("a reader may wait for a position, and is told in time if nobody brings the view there", () =>
    Effect.gen(function*() {
      const { byTable, sit } = makeBoard()
      const first = yield* sit("1", "Ann")
      const projection = Projection.ofView(byTable)
      yield* Projection.catchUp(projection)
      const reached = yield* Views.get(byTable, "1", { consistency: { atLeast: first.position, within: 0 } })
      assert.strictEqual(Option.getOrThrow(reached).people, 1)
      const { position } = yield* sit("1", "Bob")
      const late = yield* Effect.flip(
        Views.get(byTable, "1", { consistency: { atLeast: position, within: "10 millis" } })
      )
      assert.instanceOf(late, Views.NotReached)
      assert.strictEqual(late.asked, position)
      assert.isBelow(late.reached, position)
      const waiting = yield* Effect.forkChild(
        Views.get(byTable, "1", { consistency: { atLeast: position, within: "30 seconds" } }),
        { startImmediately: true }
      )
      yield* Projection.catchUp(projection)
      assert.strictEqual(Option.getOrThrow(yield* Fiber.join(waiting)).people, 2)
    }))

  it.effect("who reads the row of a stream waits for its partition, and not for others", () =>
    Effect.gen(function*() {
      const { byTable, sit, table } = makeBoard()
      const projections = yield* ProjectionStore
      yield* projections.register(byTable, { partitions: 2, categories: [table.category] })
      yield* sit("1", "Ann")
      const { position } = yield* sit("1", "Bob")
      const { claims } = yield* projections.claim(byTable, { worker: "by hand", lease: 60_000 })
      for (const { partition, token } of claims) {
        const share = yield* EventStore.use((store) =>
          Stream.runCollect(
            store.batches([table], { follow: false, partition: { index: partition, of: 2 } })
          )
        )
        const [first, ...others] = share.flatMap(({ events }) => events)
        if (first === undefined) continue
        yield* Projection.ofView(byTable).handle([first, ...others], { index: partition, of: 2 }).pipe(
          projections.commit({ ...byTable, partition }, { token, from: 0, to: position, events: 2 })
        )
      }
      const own = yield* Views.get(byTable, "1", { consistency: { atLeast: position, within: 0 } })
      assert.strictEqual(Option.getOrThrow(own).people, 2)
      const all = yield* Effect.flip(Views.all(byTable, { consistency: { atLeast: position, within: 0 } }))
      assert.instanceOf(all, Views.NotReached)
    }))

  it.effect("who has executed a command reads what it did, in one line", () =>
    Effect.gen(function*() {
      const { byTable, sit, table } = makeBoard()
      yield* sit("1", "Ann")
      yield* Effect.forkChild(Projection.run(Projection.ofView(byTable), { partitions: 2 }))
      yield* Projection.whenCaughtUp(byTable)
      for (let people = 2; people <= 10; people++) {
        const { position } = yield* table.execute("1", { _tag: "Sit", people: ["Ann"] })
        const read = yield* Views.get(byTable, "1", { consistency: { atLeast: position } })
        assert.strictEqual(Option.getOrThrow(read).people, people)
      }
    }))

  it.effect("a current read has every event once while workers move and others write, also where rows make several pages", () =>
    Effect.gen(function*() {
      const { byPerson, sit } = makeBoard()
      const people = Array.from({ length: 2_100 }, (_, n) => `p${String(n).padStart(5, "0")}`)
      yield* sit("first", ...people)
      yield* Effect.forkChild(Projection.run(Projection.ofView(byPerson), { partitions: 3, batchSize: 2 }))
      yield* Projection.whenCaughtUp(byPerson)
      const done = yield* Deferred.make<void>()
      yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 30 }, (_, n) => n),
          (n) => sit(String(n), people[n % 3]!, people[2_000 + n]!)
        )
          .pipe(Effect.ensuring(Deferred.succeed(done, undefined)))
      )
      const counts = new Set<number>()
      for (let isLast = false; !isLast;) {
        isLast = yield* Deferred.isDone(done)
        const rows = yield* Views.all(byPerson, { consistency: "current" })
        assert.strictEqual(rows.size, 2_100)
        let seats = 0
        for (const { tables } of rows.values()) {
          assert.strictEqual(new Set(tables).size, tables.length, tables.join())
          seats += tables.length - 1
        }
        // the two people of an event are seen together
        assert.strictEqual(seats % 2, 0)
        counts.add(seats)
      }
      assert.isTrue(counts.has(60))
    }))

  it.effect("a current read leaves out what is parked, and what comes after it in its stream", () =>
    Effect.gen(function*() {
      const board = makeBoard()
      const view = View.make(`fussy-${freshId()}`, {
        version: 1,
        from: [board.table],
        state: Schema.Array(Schema.String),
        initial: [],
        evolve: (notes, { event }) => {
          if (event._tag !== "Noted") return notes
          if (event.text === "bad") throw new Error("no")
          return [...notes, event.text]
        }
      })
      yield* board.note("1", "a")
      yield* board.note("1", "bad")
      yield* board.note("2", "b")
      const fiber = yield* Effect.forkChild(
        Projection.run(Projection.ofView(view), { onFailure: "park", retry: Schedule.recurs(0) })
      )
      yield* Projection.whenCaughtUp(view)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* Projections.parked(view)).length, 1)
      yield* board.note("1", "c")
      yield* board.note("2", "d")
      const rows = yield* Views.all(view, { consistency: "current" })
      assert.deepStrictEqual([...rows], [["1", ["a"]], ["2", ["b", "d"]]])
    }))

  it.effect("a view with keys of its own cannot park", () =>
    Effect.gen(function*() {
      const { byPerson } = makeBoard()
      const exit = yield* Effect.exit(Projection.run(Projection.ofView(byPerson), { onFailure: "park" }))
      assert.isTrue(exit._tag === "Failure" && /cannot park/.test(String(exit.cause)))
    }))
}
