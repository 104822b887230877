import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import * as Projection from "refold/Projection"
import { ProjectionStore } from "refold/ProjectionStore"
import { Tenant } from "refold/StreamId"
import type * as View from "refold/View"
import * as Views from "refold/Views"
import { makeBoard } from "./board.ts"
import { freshId, type It } from "./fixtures.ts"

type Cursor = NonNullable<Parameters<typeof Views.changes>[1]>["after"]

/** The next changes, as plain data. */
const next = <T extends View.Types>(view: View.View<T>, count: number, after?: Cursor) =>
  Views.changes(view, { after }).pipe(Stream.take(count), Stream.runCollect)

const keysOf = (changes: ReadonlyArray<Views.Change<unknown>>) => changes.map(({ key }) => key)

/** Live pages. */
export const changing = (it: It) => {
  it.effect("changes of a view are those that are there, deleted rows included, then those to come", () =>
    Effect.gen(function*() {
      const { byPerson, play, rise } = makeBoard()
      yield* play
      yield* Projection.catchUp(byPerson)
      const seen = yield* Queue.unbounded<Views.Change<{ readonly tables: ReadonlyArray<string> }>>()
      yield* Effect.forkChild(Stream.runForEach(Views.changes(byPerson), (change) => Queue.offer(seen, change)))
      const first = yield* Queue.takeN(seen, 3)
      assert.deepStrictEqual(first.map(({ key, state }) => [key, state]), [
        ["Ann", { tables: ["2"] }],
        ["Bob", undefined],
        ["Cy", { tables: ["1"] }]
      ])
      const { position } = yield* rise("1", "Cy")
      yield* Projection.catchUp(byPerson)
      assert.deepStrictEqual(yield* Queue.take(seen), { key: "Cy", state: undefined, position })
    }))

  it.effect("an event that changes more rows than fit on a page has each of them told once", () =>
    Effect.gen(function*() {
      const { byPerson, sit } = makeBoard()
      const people = Array.from({ length: 2_500 }, (_, n) => String(n).padStart(5, "0"))
      yield* sit("1", ...people)
      yield* sit("2", "Zoe")
      yield* Projection.catchUp(byPerson, { partitions: 2 })
      assert.deepStrictEqual(keysOf(yield* next(byPerson, 2_501)), [...people, "Zoe"])
    }))

  it.effect("who goes on after a change, or after a position, misses nothing and is told nothing twice", () =>
    Effect.gen(function*() {
      const { byPerson, sit } = makeBoard()
      const { position } = yield* sit("1", "Ann", "Bob", "Cy")
      yield* sit("2", "Dan", "Eve")
      yield* Projection.catchUp(byPerson)
      const [first, second] = yield* next(byPerson, 2)
      assert.deepStrictEqual(keysOf([first!, second!]), ["Ann", "Bob"])
      assert.deepStrictEqual(keysOf(yield* next(byPerson, 3, second)), ["Cy", "Dan", "Eve"])
      assert.deepStrictEqual(keysOf(yield* next(byPerson, 2, position)), ["Dan", "Eve"])
    }))

  it.effect("no change is missed although partitions are at different places: it is told when the slowest has come there", () =>
    Effect.gen(function*() {
      const { byTable, sit, table } = makeBoard()
      const projections = yield* ProjectionStore
      yield* projections.register(byTable, { partitions: 3, categories: [table.category] })
      const { claims } = yield* projections.claim(byTable, { worker: "by hand", lease: 60_000 })
      const ids = Array.from({ length: 30 }, (_, n) => String(n).padStart(2, "0"))
      let end = 0
      for (const id of ids) end = (yield* sit(id, "Ann")).position
      const told = yield* Effect.forkChild(next(byTable, ids.length), { startImmediately: true })
      // the one that has the last event goes first
      for (const { partition, token } of claims.toReversed()) {
        const share = yield* EventStore.use((store) =>
          Stream.runCollect(store.batches([table], { follow: false, partition: { index: partition, of: 3 } }))
        )
        const [first, ...others] = share.flatMap(({ events }) => events)
        if (first === undefined) continue
        yield* byTable.handle([first, ...others], { index: partition, of: 3 }).pipe(
          projections.commit({ ...byTable, partition }, { token, from: 0, to: end, events: others.length + 1 })
        )
      }
      assert.deepStrictEqual(keysOf(yield* Fiber.join(told)), ids)
    }))

  it.effect("the last thing that changes tell of each row is how it is, while many write and several workers run", () =>
    Effect.gen(function*() {
      const { byPerson, rise, sit } = makeBoard()
      const people = ["Ann", "Bob", "Cy", "Dan", "Eve"]
      yield* sit("0", ...people)
      yield* Effect.forkChild(Projection.run(byPerson, { partitions: 4, batchSize: 3 }))
      yield* Projection.whenCaughtUp(byPerson)
      const last = new Map<string, Views.Change<{ readonly tables: ReadonlyArray<string> }>>()
      const order: Array<number> = []
      const following = yield* Views.changes(byPerson).pipe(
        Stream.tap((change) =>
          Effect.sync(() => {
            last.set(change.key, change)
            order.push(change.position)
          })
        ),
        Stream.takeUntil(({ key }) => key === "the end"),
        Stream.runDrain,
        Effect.forkChild
      )
      yield* Effect.forEach(
        people,
        (person, index) =>
          Effect.forEach(Array.from({ length: 10 }, (_, n) => `${person} ${n}`), (id, n) =>
            Effect.andThen(
              sit(id, person, people[(index + 1) % 5]!),
              (n + index) % 2 === 0 ? rise(id, person) : Effect.void
            )),
        { concurrency: "unbounded" }
      )
      yield* sit("last", "the end")
      yield* Fiber.join(following)
      assert.deepStrictEqual(order, order.toSorted((one, other) => one - other))
      last.delete("the end")
      const rows = yield* Views.all(byPerson, { consistency: "current" })
      for (const [person, change] of last) assert.deepStrictEqual(change.state, rows.get(person), person)
      assert.strictEqual(last.size, people.length)
    }))

  it.effect("a tenant is told of its own rows alone", () =>
    Effect.gen(function*() {
      const { byPerson, sit } = makeBoard()
      const tenant = `tenant-${freshId()}`
      yield* sit("1", "Ann")
      yield* Effect.provideService(sit("1", "Bob"), Tenant, tenant)
      yield* sit("1", "Cy")
      yield* Projection.catchUp(byPerson)
      assert.deepStrictEqual(keysOf(yield* next(byPerson, 2)), ["Ann", "Cy"])
      assert.deepStrictEqual(keysOf(yield* Effect.provideService(next(byPerson, 1), Tenant, tenant)), ["Bob"])
    }))
}
