import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import * as Projection from "refold/Projection"
import * as Projections from "refold/Projections"
import { ProjectionStore } from "refold/ProjectionStore"
import { Tenant } from "refold/StreamId"
import * as Views from "refold/Views"
import { makeBoard } from "./board.ts"
import { changeName, close, conflictOf, followUp, freshId, type It, makeAccount, makeLead } from "./fixtures.ts"

const range = (length: number) => Array.from({ length }, (_, n) => n)

/** Projections in the transaction of the append. */
export const inlining = (it: It) => {
  it.effect("an inline view has a command's events as soon as the command has succeeded", () =>
    Effect.gen(function*() {
      const { byPerson, byTable, table } = makeBoard()
      const tenant = `tenant-${freshId()}`
      yield* Effect.gen(function*() {
        const { position } = yield* table.execute("1", { _tag: "Sit", people: ["Ann", "Bob"] })
        assert.deepStrictEqual(yield* Views.get(byTable, "1"), Option.some({ people: 2, note: "" }))
        assert.deepStrictEqual([...(yield* Views.all(byPerson)).keys()], ["Ann", "Bob"])
        const waited = yield* Views.get(byTable, "1", { consistency: { atLeast: position, within: 0 } })
        assert.strictEqual(Option.getOrThrow(waited).people, 2)
        yield* Effect.provideService(table.execute("1", { _tag: "Sit", people: ["Cy"] }), Tenant, tenant)
        const elsewhere = yield* Effect.provideService(Views.get(byTable, "1"), Tenant, tenant)
        assert.strictEqual(Option.getOrThrow(elsewhere).people, 1)
      }).pipe(
        // one within the other
        Effect.provide(Projection.inline(byPerson)),
        Effect.provide(Projection.inline(byTable))
      )
    }))

  it.effect("an inline view has what was there before it, and what others append, in the order of the log", () =>
    Effect.gen(function*() {
      const { byTable, note, sit } = makeBoard()
      const inline = yield* Effect.cached(Layer.build(Projection.inline(byTable)))
      for (const n of range(3)) yield* note("1", `before ${n}`)
      const context = yield* inline
      assert.strictEqual(Option.getOrThrow(yield* Views.get(byTable, "1")).note, "before 2")
      yield* note("1", "by somebody else")
      yield* note("2", "by somebody else")
      assert.strictEqual(Option.getOrThrow(yield* Views.get(byTable, "1")).note, "before 2")
      yield* Effect.provideContext(sit("1", "Ann"), context)
      assert.deepStrictEqual([...yield* Views.all(byTable)], [
        ["1", { people: 1, note: "by somebody else" }],
        ["2", { people: 0, note: "by somebody else" }]
      ])
    }))

  it.effect("concurrent appends, of several streams and of one, are each in an inline view once", () =>
    Effect.gen(function*() {
      const { byPerson, byTable, sit, table } = makeBoard()
      yield* Effect.provide(
        Effect.all([
          Effect.forEach(range(20), (n) => sit(String(n % 5), "Ann"), { concurrency: "unbounded" }),
          Effect.forEach(range(20), () => table.execute("one", { _tag: "Sit", people: ["Bob"] }), {
            concurrency: "unbounded"
          })
        ], { concurrency: 2 }),
        Projection.inline(byTable)
      )
      const rows = yield* Views.all(byTable)
      assert.deepStrictEqual([...rows].map(([id, { people }]) => [id, people]), [
        ...range(5).map((n) => [String(n), 4]),
        ["one", 20]
      ])
      yield* Projection.catchUp(byPerson)
    }))

  it.effect("commands keep their conflicts, and their place in line, where a view is inline", () =>
    Effect.gen(function*() {
      const lead = makeLead(`Inline-${freshId()}`)
      const projection = Projection.make(`versions-${freshId()}`, {
        version: 1,
        from: [lead],
        handle: () => Effect.void
      })
      yield* Effect.gen(function*() {
        yield* lead.execute("1", { _tag: "Initialize", name: "Ann" })
        yield* lead.execute("1", followUp)
        const renamed = yield* lead.execute("1", changeName("Anna"), { seen: 1 })
        assert.deepStrictEqual(renamed.missed.map(({ event }) => event._tag), ["FollowupSet"])
        const conflict = conflictOf(yield* Effect.result(lead.execute("1", close, { seen: 1 })))
        assert.strictEqual(conflict.actual, 3)
        const results = yield* Effect.forEach(range(8), (n) => Effect.result(lead.execute("1", changeName(`n${n}`))), {
          concurrency: "unbounded"
        })
        const landed = results.filter(Result.isSuccess).length
        assert.strictEqual((yield* lead.load("1")).version, 3 + landed)
        const [status] = yield* Projections.list(projection.name)
        assert.deepStrictEqual([status?.handled, status?.lag], [3 + landed, 0])
      }).pipe(Effect.provide(Projection.inline(projection)))
    }))

  it.effect("an append to several streams is handled inline once, and one that appends nothing handles nothing", () =>
    Effect.gen(function*() {
      const account = makeAccount(`Inline-${freshId()}`)
      const batches: Array<number> = []
      const projection = Projection.make(`several-${freshId()}`, {
        version: 1,
        from: [account],
        handle: (events) => Effect.sync(() => void batches.push(events.length))
      })
      const credited = { _tag: "Credited", cents: 1 } as const
      const elsewhere = yield* EventStore
      yield* EventStore.use((store) =>
        Effect.gen(function*() {
          yield* store.appendAll([
            { source: account, id: "1", events: [credited] },
            { source: account, id: "2", events: [credited, credited] }
          ])
          yield* elsewhere.append(account, "3", [credited])
          yield* store.append(account, "1", [])
          yield* store.appendAll([{ source: account, id: "1", events: [] }])
          yield* store.append(makeAccount(`Other-${freshId()}`), "1", [credited])
        })
      ).pipe(Effect.provide(Projection.inline(projection)))
      assert.deepStrictEqual(batches, [3])
    }))

  it.effect("a projection that is paused does not hold up the appends it would be inline with", () =>
    Effect.gen(function*() {
      const { byTable, sit } = makeBoard()
      yield* Effect.gen(function*() {
        yield* sit("1", "Ann")
        yield* Projections.pause(byTable)
        yield* sit("1", "Bob")
        assert.strictEqual(Option.getOrThrow(yield* Views.get(byTable, "1")).people, 1)
        yield* Projections.resume(byTable)
        yield* sit("1", "Cy")
        assert.strictEqual(Option.getOrThrow(yield* Views.get(byTable, "1")).people, 3)
      }).pipe(Effect.provide(Projection.inline(byTable)))
    }))

  it.effect("a view that is inline here and run by a worker there has every event once", () =>
    Effect.gen(function*() {
      const { byTable, sit } = makeBoard()
      yield* sit("1", "Ann")
      yield* Effect.forkChild(Projection.run(byTable, { batchSize: 1 }))
      yield* Projection.whenCaughtUp(byTable)
      yield* Effect.forEach(range(40), (n) => sit(String(n % 3), "Ann"), { concurrency: 4 }).pipe(
        Effect.provide(Projection.inline(byTable)),
        Effect.zipWith(
          Effect.forEach(range(20), (n) => sit(String(n % 3), "Bob"), { concurrency: 2 }),
          () => undefined,
          {
            concurrent: true
          }
        )
      )
      yield* Projection.whenCaughtUp(byTable)
      assert.deepStrictEqual([...yield* Views.all(byTable)], [...yield* Views.live(byTable)])
      const [status] = yield* Projections.list(byTable.name)
      assert.strictEqual(status?.handled, 61)
    }))

  it.effect("an inline projection has one partition", () =>
    Effect.gen(function*() {
      const { byTable, sit, table } = makeBoard()
      yield* ProjectionStore.use((store) => store.register(byTable, { partitions: 2, categories: [table.category] }))
      const error = yield* Effect.flip(Effect.provide(sit("1", "Ann"), Projection.inline(byTable)))
      assert.strictEqual(error._tag, "PartitionsDiffer")
      assert.deepStrictEqual(yield* EventStore.use((store) => Stream.runCollect(store.readAll([table]))), [])
    }))
}
