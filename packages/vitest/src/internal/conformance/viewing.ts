import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import * as Projection from "refold/Projection"
import { ProjectionStore } from "refold/ProjectionStore"
import { Tenant } from "refold/StreamId"
import * as View from "refold/View"
import * as ViewError from "refold/ViewError"
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
      const inline = { ...byPerson, name: `${byPerson.name}-inline` }
      yield* Effect.provide(play, Projection.inline(inline))
      assert.deepStrictEqual([...yield* Views.live(byPerson)], played)
      assert.deepStrictEqual([...yield* Views.all(inline)], played)
      yield* Projection.catchUp(byPerson, { partitions: 3 })
      assert.deepStrictEqual([...yield* Views.all(byPerson)], played)
      yield* Projection.catchUp(byTable, { partitions: 2, batchSize: 1 })
      assert.deepStrictEqual([...yield* Views.all(byTable)], [...yield* Views.live(byTable)])
      const nobodyRuns = { ...byPerson, name: `${byPerson.name}-registered` }
      yield* ProjectionStore.use((store) => store.register(nobodyRuns, { partitions: 1, categories: [table.category] }))
      assert.deepStrictEqual([...yield* Views.all(nobodyRuns)], [])
      assert.deepStrictEqual([...yield* Views.all(nobodyRuns, { consistency: "current" })], played)
    }))

  it.effect("a row that is deleted is gone for readers, and begins anew with the next event of its key", () =>
    Effect.gen(function*() {
      const board = makeBoard()
      yield* board.sit("1", "Ann")
      yield* board.rise("1", "Ann")
      yield* Projection.catchUp(board.byPerson)
      assert.deepStrictEqual(yield* Views.get(board.byPerson, "Ann"), Option.none())
      assert.deepStrictEqual(yield* all(board), {})
      yield* board.sit("2", "Ann")
      assert.deepStrictEqual(yield* Views.get(board.byPerson, "Ann"), Option.none())
      assert.deepStrictEqual(yield* all(board, "current"), { Ann: { tables: ["2"] } })
      yield* Projection.catchUp(board.byPerson)
      assert.deepStrictEqual(yield* all(board), { Ann: { tables: ["2"] } })
    }))

  it.effect("events that come again change no row, and do not bring back one that was deleted", () =>
    Effect.gen(function*() {
      const board = makeBoard()
      yield* board.sit("1", "Ann")
      yield* board.sit("2", "Bob")
      yield* board.rise("1", "Ann")
      yield* Projection.catchUp(board.byPerson)
      yield* ProjectionStore.use((store) => store.moveTo(board.byPerson, 1))
      assert.deepStrictEqual(yield* all(board, "current"), { Bob: { tables: ["2"] } })
      yield* Projection.catchUp(board.byPerson, { batchSize: 1 })
      assert.deepStrictEqual(yield* all(board), { Bob: { tables: ["2"] } })
    }))

  it.effect("an event that concerns rows of several partitions is counted once in each of them", () =>
    Effect.gen(function*() {
      const board = makeBoard()
      const people = Array.from({ length: 20 }, (_, n) => `p${String(n).padStart(2, "0")}`)
      yield* board.sit("1", ...people)
      yield* board.sit("2", ...people)
      yield* Projection.catchUp(board.byPerson, { partitions: 4, batchSize: 1 })
      assert.deepStrictEqual(
        yield* all(board),
        Object.fromEntries(people.map((person) => [person, { tables: ["1", "2"] }]))
      )
    }))

  it.effect("a partition of a view with keys writes the rows of its keys, and no others", () =>
    Effect.gen(function*() {
      const board = makeBoard()
      const people = Array.from({ length: 20 }, (_, n) => `p${String(n).padStart(2, "0")}`)
      yield* board.sit("1", ...people)
      yield* ProjectionStore.use((store) =>
        store.register(board.byPerson, { partitions: 2, categories: [board.table.category] })
      )
      const [event] = yield* EventStore.use((store) => Stream.runCollect(store.readAll([board.table])))
      const handle = (index: number) => board.byPerson.handle([event!], { index, of: 2 })
      yield* handle(0)
      const share = Object.keys(yield* all(board))
      assert.isAbove(share.length, 0)
      assert.isBelow(share.length, people.length)
      yield* handle(1)
      assert.deepStrictEqual(Object.keys(yield* all(board)), people)
    }))

  it.effect("every tenant has rows of its own, under the same keys", () =>
    Effect.gen(function*() {
      const board = makeBoard()
      const [one, other] = [`tenant-${freshId()}`, `tenant-${freshId()}`]
      yield* Effect.provideService(board.sit("1", "Ann"), Tenant, one)
      yield* Effect.provideService(board.sit("2", "Ann"), Tenant, other)
      yield* Projection.catchUp(board.byPerson, { partitions: 2 })
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
      yield* Projection.catchUp(board.byPerson)
      yield* Projection.catchUp(board.byTable)
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
        const error = yield* Effect.flip(Projection.catchUp(board.byPerson))
        assert.instanceOf(error, ViewError.InvalidKey)
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
      yield* Projection.catchUp(view)
      yield* sit("1", "Cy")
      const error = yield* Effect.flip(Projection.catchUp(view))
      assert.instanceOf(error, ViewError.UnreadableRow)
      assert.include(error.message, "the row \"1\" does not fit the schema")
      assert.deepStrictEqual(yield* Views.get(view, "1"), Option.some({ people: 2 }))
    }))

  it.effect("a row that was stored under another shape is not read as if it fitted, and the way out is named", () =>
    Effect.gen(function*() {
      const { byTable, sit, table } = makeBoard()
      yield* sit("1", "Ann")
      yield* Projection.catchUp(byTable)
      const view = View.make(byTable.name, {
        version: 1,
        from: [table],
        state: Schema.Struct({ people: Schema.Array(Schema.String) }),
        initial: { people: [] },
        evolve: (state) => state
      })
      for (const read of [Effect.asVoid(Views.get(view, "1")), Effect.asVoid(Views.all(view))]) {
        const error = yield* Effect.flip(read)
        assert.instanceOf(error, ViewError.UnreadableRow)
        assert.include(error.message, "raise the version of the view")
      }
    }))

  it.effect("a view with keys of its own cannot park", () =>
    Effect.gen(function*() {
      const { byPerson } = makeBoard()
      const exit = yield* Effect.exit(Projection.run(byPerson, { onFailure: "park" }))
      assert.isTrue(exit._tag === "Failure" && /cannot park/.test(String(exit.cause)))
    }))
}
