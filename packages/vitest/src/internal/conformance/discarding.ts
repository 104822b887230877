/** Journals of which somebody lets go: what is left of them, and where they go on. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Aggregate from "refold/Aggregate"
import * as AppendCondition from "refold/AppendCondition"
import { EventStore } from "refold/EventStore"
import * as Projection from "refold/Projection"
import { ProjectionStore } from "refold/ProjectionStore"
import { Tenant } from "refold/StreamId"
import * as View from "refold/View"
import * as Views from "refold/Views"
import { credited, freshId, freshIds, type It, makeAccount } from "./fixtures.ts"

/** A stream of credits of 1, 2, 3… under ids that are known. */
const setUp = Effect.fnUntraced(function*(count: number) {
  const store = yield* EventStore
  const account = makeAccount(`Account-${freshId()}`)
  const id = freshId()
  const eventIds = freshIds(count)
  const events = eventIds.map((_, index) => credited(index + 1))
  const { position } = yield* store.append(account, id, events, { eventIds })
  const versions = Effect.map(
    Stream.runCollect(store.read(account, id)),
    (events) => events.map(({ version }) => version)
  )
  /** The ids of the events with these versions. */
  const idsOf = (...versions: ReadonlyArray<number>) => versions.map((version) => eventIds[version - 1] ?? "")
  return { store, account, id, eventIds, idsOf, versions, first: position - count + 1 }
})

export const discarding = (it: It) => {
  it.effect("what is discarded is in neither stream nor log, and the rest is where it was", () =>
    Effect.gen(function*() {
      const { account, first, id, idsOf, store, versions } = yield* setUp(6)
      assert.strictEqual(yield* store.discard(account, idsOf(1, 2, 4)), 3)
      assert.deepStrictEqual(yield* versions, [3, 5, 6])
      const log = yield* Stream.runCollect(store.readAll([account]))
      assert.deepStrictEqual(log.map(({ position }) => position), [first + 2, first + 4, first + 5])
      assert.strictEqual(yield* store.version(account, id), 6)
      const some = yield* Stream.runCollect(store.read(account, id, { after: 3, upTo: 5 }))
      assert.deepStrictEqual(some.map(({ event, version }) => [version, event.cents]), [[5, 5]])
      assert.isUndefined(yield* store.find(account, id, idsOf(4)[0] ?? ""))
      assert.strictEqual(yield* store.discard(account, idsOf(1, 2, 4)), 0)
    }))

  it.effect("the last event of a stream stays, and versions and positions go on from it", () =>
    Effect.gen(function*() {
      const { account, eventIds, first, id, store, versions } = yield* setUp(3)
      assert.strictEqual(yield* store.discard(account, eventIds), 2)
      assert.deepStrictEqual(yield* versions, [3])
      const next = yield* store.append(account, id, [credited(1)], { condition: AppendCondition.at(3) })
      assert.strictEqual(next.version, 4)
      assert.isAbove(next.position, first + 2)
      assert.strictEqual(yield* store.discard(account, eventIds), 1)
      assert.deepStrictEqual(yield* versions, [4])
    }))

  it.effect("conditions hold as before, and see nothing of what was discarded", () =>
    Effect.gen(function*() {
      const { account, id, idsOf, store } = yield* setUp(4)
      yield* store.discard(account, idsOf(2, 3))
      const { missed } = yield* store.append(account, id, [credited(9)], {
        condition: AppendCondition.onlySince(1, ["Credited"])
      })
      assert.deepStrictEqual(missed.map(({ version }) => version), [4])
      const refused = yield* Effect.flip(
        store.append(account, id, [credited(9)], { condition: AppendCondition.at(3) })
      )
      assert.deepInclude(refused, { _tag: "AppendConditionFailed", actual: 5 })
      yield* account.execute(id, { _tag: "Credit", cents: 1 })
      assert.strictEqual(yield* store.version(account, id), 6)
    }))

  it.effect("the ids of what was discarded are free again, and those of the rest are not", () =>
    Effect.gen(function*() {
      const { account, id, idsOf, store } = yield* setUp(3)
      yield* store.discard(account, idsOf(1))
      const again = yield* store.append(account, id, [credited(1)], { eventIds: idsOf(1) })
      assert.deepInclude(again, { version: 4, repeated: false })
      const there = yield* store.append(account, id, [credited(2)], { eventIds: idsOf(2) })
      assert.deepInclude(there, { version: 2, repeated: true })
    }))

  it.effect("only events up to the position are discarded", () =>
    Effect.gen(function*() {
      const { account, eventIds, first, store, versions } = yield* setUp(5)
      assert.strictEqual(yield* store.discard(account, eventIds, { upTo: first + 1 }), 2)
      assert.deepStrictEqual(yield* versions, [3, 4, 5])
    }))

  it.effect("events of other categories and tenants are not discarded, whoever knows their ids", () =>
    Effect.gen(function*() {
      const { account, eventIds, store, versions } = yield* setUp(3)
      const discard = store.discard(account, eventIds)
      assert.strictEqual(yield* Effect.provideService(discard, Tenant, freshId()), 0)
      assert.strictEqual(yield* store.discard(makeAccount(`Account-${freshId()}`), eventIds), 0)
      assert.deepStrictEqual(yield* versions, [1, 2, 3])
      assert.strictEqual(yield* discard, 2)
    }))

  it.effect("as many as anybody likes are discarded, also by two at once, and streams are read page by page as ever", () =>
    Effect.gen(function*() {
      const { account, eventIds, store, versions } = yield* setUp(3_500)
      const [gone, kept] = [eventIds.slice(500, 3_000), [...eventIds.keys()].map((index) => index + 1)]
      const counts = yield* Effect.all([store.discard(account, gone), store.discard(account, gone.toReversed())], {
        concurrency: "unbounded"
      })
      assert.strictEqual(counts[0] + counts[1], 2_500)
      assert.deepStrictEqual(yield* versions, kept.filter((version) => version <= 500 || version > 3_000))
    }))

  it.effect("a subscriber in the middle goes on with what is left, and one that begins anew as well", () =>
    Effect.gen(function*() {
      const { account, id, idsOf, store } = yield* setUp(5)
      const seen: Array<number> = []
      const subscriber = yield* store.subscribe([account]).pipe(
        Stream.rechunk(1),
        Stream.tap(({ version }) =>
          Effect.andThen(
            Effect.sync(() => seen.push(version)),
            version === 5 ? store.discard(account, idsOf(1, 3, 5)) : Effect.void
          )
        ),
        Stream.takeUntil(({ version }) => version === 7),
        Stream.runDrain,
        Effect.forkChild
      )
      yield* store.append(account, id, [credited(6), credited(7)])
      yield* Fiber.join(subscriber)
      assert.deepStrictEqual(seen, [1, 2, 3, 4, 5, 6, 7])
      const anew = yield* Stream.runCollect(Stream.take(store.subscribe([account]), 4))
      assert.include([[2, 4, 5, 6], [2, 4, 6, 7]].map(String), anew.map(({ version }) => version).join())
    }))

  it.effect("what was saved of a stream is gone with what is discarded, and that of others is not", () =>
    Effect.gen(function*() {
      const account = makeAccount(`Account-${freshId()}`)
      const saving = Aggregate.make(account.category, {
        command: account.command,
        event: account.event,
        state: Schema.Int,
        initial: 0,
        decide: ({ cents }) => [credited(cents)],
        evolve: account.evolve,
        conflicts: "commutes",
        snapshots: { every: 1, version: 1 }
      })
      const { snapshots } = saving
      assert.isDefined(snapshots)
      const store = yield* EventStore
      const ids = freshIds(2)
      const savedOf = (id: string) =>
        Effect.map(
          store.resume(account, id, { snapshot: { of: snapshots, version: undefined, at: undefined } }),
          ({ snapshot }) => snapshot?.state
        )
      const firstIds: Array<string> = []
      for (const id of ids) {
        const { events } = yield* store.append(account, id, [credited(1), credited(2)])
        firstIds.push(events[0]?.id ?? "")
        yield* store.saveSnapshot(account, id, {
          fingerprint: snapshots.fingerprint,
          version: 2,
          position: events[1]?.position ?? 0,
          recordedAt: events[1]!.recordedAt,
          state: "3"
        })
      }
      const [one = "", other = ""] = ids
      assert.deepStrictEqual([yield* savedOf(one), yield* savedOf(other)], [3, 3])
      yield* store.discard(account, firstIds.slice(0, 1))
      assert.deepStrictEqual([yield* savedOf(one), yield* savedOf(other)], [undefined, 3])
    }))

  it.effect("rows are dropped unless they have changed, and it is known which tenants have any", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const projections = yield* ProjectionStore
      const account = makeAccount(`Account-${freshId()}`)
      const view = View.make(`Balance-${freshId()}`, {
        version: 1,
        from: [account],
        state: Schema.Int,
        initial: 0,
        evolve: (sum, { event }) => sum + event.cents
      })
      assert.deepStrictEqual(yield* projections.tenants(view), [])
      const tenants = freshIds(3).toSorted()
      for (const tenant of tenants) {
        for (const id of ["a", "b"]) {
          yield* Effect.provideService(store.append(account, id, [credited(1)]), Tenant, tenant)
        }
      }
      yield* Projection.catchUp(view)
      assert.deepStrictEqual(yield* projections.tenants(view), tenants)
      const [tenant = "", other = ""] = tenants
      const rows = yield* projections.changes(view, { tenant, after: 0, limit: 10 })
      yield* Effect.provideService(store.append(account, "b", [credited(1)]), Tenant, tenant)
      yield* Projection.catchUp(view)
      yield* projections.dropRows(view, rows)
      const left = yield* Effect.provideService(Views.all(view), Tenant, tenant)
      assert.deepStrictEqual([...left], [["b", 2]])
      assert.strictEqual((yield* Effect.provideService(Views.all(view), Tenant, other)).size, 2)
      yield* projections.dropRows(view, yield* projections.changes(view, { tenant, after: 0, limit: 10 }))
      assert.deepStrictEqual(yield* projections.tenants(view), tenants.slice(1))
    }))
}
