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
import * as View from "refold/View"
import * as ViewError from "refold/ViewError"
import * as Views from "refold/Views"
import { makeBoard } from "./board.ts"
import { freshId, type It } from "./fixtures.ts"

/** How fresh a view is, and who may read it. */
export const freshness = (it: It) => {
  it.effect("a view that nobody has run, or that is being built beside another version, is not there for readers", () =>
    Effect.gen(function*() {
      const { byTable, sit } = makeBoard()
      yield* sit("1", "Ann")
      const nobodyRan = yield* Effect.flip(Views.get(byTable, "1", { consistency: "current" }))
      assert.instanceOf(nobodyRan, ViewError.NotReadable)
      yield* Projection.catchUp(byTable)
      const next = { ...byTable, version: 2 }
      yield* Projection.catchUp(next)
      for (const consistency of ["eventual", "current", { atLeast: 1 }] as const) {
        const beingBuilt = yield* Effect.flip(Views.all(next, { consistency }))
        assert.instanceOf(beingBuilt, ViewError.NotReadable)
        assert.strictEqual(beingBuilt.version, 2)
      }
      const projections = yield* ProjectionStore
      assert.isTrue(yield* projections.takeOver(next, 1))
      yield* sit("1", "Bob")
      yield* Projection.catchUp(next)
      assert.strictEqual(Option.getOrThrow(yield* Views.get(next, "1")).people, 2)
      // processes of the earlier release go on with what they know
      assert.strictEqual(Option.getOrThrow(yield* Views.get(byTable, "1")).people, 1)
      assert.strictEqual(Option.getOrThrow(yield* Views.get(byTable, "1", { consistency: "current" })).people, 2)
    }))

  it.effect("a reader may wait for a position, and is told in time if nobody brings the view there", () =>
    Effect.gen(function*() {
      const { byTable, sit } = makeBoard()
      const first = yield* sit("1", "Ann")
      yield* Projection.catchUp(byTable)
      const reached = yield* Views.get(byTable, "1", { consistency: { atLeast: first.position, within: 0 } })
      assert.strictEqual(Option.getOrThrow(reached).people, 1)
      const { position } = yield* sit("1", "Bob")
      const late = yield* Effect.flip(
        Views.get(byTable, "1", { consistency: { atLeast: position, within: "10 millis" } })
      )
      assert.instanceOf(late, ViewError.NotReached)
      assert.strictEqual(late.asked, position)
      assert.isBelow(late.reached, position)
      const waiting = yield* Effect.forkChild(
        Views.get(byTable, "1", { consistency: { atLeast: position, within: "30 seconds" } }),
        { startImmediately: true }
      )
      yield* Projection.catchUp(byTable)
      assert.strictEqual(Option.getOrThrow(yield* Fiber.join(waiting)).people, 2)
    }))

  it.effect("a reader may wait for a view that nobody has run yet", () =>
    Effect.gen(function*() {
      const { byTable, sit } = makeBoard()
      const { position } = yield* sit("1", "Ann")
      const consistency = { atLeast: position, within: "10 millis" } as const
      assert.instanceOf(yield* Effect.flip(Views.get(byTable, "1", { consistency })), ViewError.NotReadable)
      const waiting = yield* Effect.forkChild(
        Views.get(byTable, "1", { consistency: { atLeast: position, within: "30 seconds" } }),
        { startImmediately: true }
      )
      yield* Projection.catchUp(byTable)
      assert.strictEqual(Option.getOrThrow(yield* Fiber.join(waiting)).people, 1)
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
        yield* byTable.handle([first, ...others], { index: partition, of: 2 }).pipe(
          projections.commit({ ...byTable, partition }, { token, from: 0, to: position, events: 2 })
        )
      }
      const own = yield* Views.get(byTable, "1", { consistency: { atLeast: position, within: 0 } })
      assert.strictEqual(Option.getOrThrow(own).people, 2)
      const all = yield* Effect.flip(Views.all(byTable, { consistency: { atLeast: position, within: 0 } }))
      assert.instanceOf(all, ViewError.NotReached)
    }))

  it.effect("who has executed a command reads what it did, in one line", () =>
    Effect.gen(function*() {
      const { byTable, sit, table } = makeBoard()
      yield* sit("1", "Ann")
      yield* Effect.forkChild(Projection.run(byTable, { partitions: 2 }))
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
      yield* Effect.forkChild(Projection.run(byPerson, { partitions: 3, batchSize: 2 }))
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
        Projection.run(view, { onFailure: "park", retry: Schedule.recurs(0) })
      )
      yield* Projection.whenCaughtUp(view)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* Projections.parked(view)).length, 1)
      yield* board.note("1", "c")
      yield* board.note("2", "d")
      const rows = yield* Views.all(view, { consistency: "current" })
      assert.deepStrictEqual([...rows], [["1", ["a"]], ["2", ["b", "d"]]])
    }))
}
