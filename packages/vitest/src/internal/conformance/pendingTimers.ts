import { assert } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as EventStore from "refold/EventStore"
import * as Projections from "refold/Projections"
import { ProjectionStore } from "refold/ProjectionStore"
import * as Reactor from "refold/Reactor"
import { Tenant } from "refold/StreamId"
import { credited, freshId, type It } from "./fixtures.ts"
import { until } from "./projections.ts"
import { debited, makeReminding, runs, sends, settled, untilSent } from "./reminders.ts"

/** Runs an effect on a store that tells from which positions on categories are read. */
const noting = <A, E, R>(self: Effect.Effect<A, E, R>, note: (category: string, after: number) => void) =>
  EventStore.EventStore.use((store) =>
    Effect.provideService(self, EventStore.EventStore, {
      ...store,
      batches: (sources, options) => {
        if (sources.length === 1) note(sources[0].category, options.after ?? 0)
        return store.batches(sources, options)
      }
    })
  )

export const pendingTimers = (it: It) => {
  it.effect("rows that wait for an instant are found in all tenants, the soonest first, up to an instant", () =>
    Effect.gen(function*() {
      const store = yield* ProjectionStore
      const view = { name: `waiting-${freshId()}`, version: 1 }
      const found = (by: number, limit: number) =>
        Effect.map(store.due(view, { by, limit }), ({ position, rows }) => [
          position,
          ...rows.map(({ due, key, state, tenant }) => `${tenant} ${key} ${due} ${state}`)
        ])
      const save = Effect.fnUntraced(function*(
        partition: number,
        { from, to }: { readonly from: number; readonly to: number },
        ...rows: ReadonlyArray<readonly [tenant: string, key: string, due: number | undefined]>
      ) {
        const { claims } = yield* store.claim(view, { worker: "one", lease: 60_000 })
        const { token } = claims[partition]!
        yield* store.saveRows(
          view,
          rows.map(([tenant, key, due]) => ({ tenant, key, due, position: to, state: due === undefined ? null : "{}" }))
        ).pipe(store.commit({ ...view, partition }, { token, from, to, events: 1 }))
      })
      assert.deepStrictEqual(yield* found(100, 10), [0])
      yield* store.register(view, { partitions: 2, categories: ["Account"] })
      yield* save(0, { from: 0, to: 3 }, ["a", "x", 30], ["b", "x", -5], ["a", "y", 20], [
        "b",
        "z",
        8_640_000_000_000_000
      ])
      assert.deepStrictEqual(yield* found(100, 10), [0, "b x -5 {}", "a y 20 {}", "a x 30 {}"])
      yield* save(1, { from: 0, to: 2 }, ["a", "none", undefined])
      assert.deepStrictEqual(yield* found(100, 2), [2, "b x -5 {}", "a y 20 {}"])
      assert.deepStrictEqual(yield* found(-6, 2), [2])
      assert.strictEqual((yield* found(8_640_000_000_000_000, 10)).length, 5)
      // moved, and gone
      yield* save(0, { from: 3, to: 4 }, ["b", "x", 25], ["a", "y", undefined])
      assert.deepStrictEqual(yield* found(30, 10), [2, "b x 25 {}", "a x 30 {}"])
      assert.deepStrictEqual(yield* store.due({ ...view, version: 2 }, { by: 100, limit: 1 }), {
        position: 0,
        rows: []
      })
      yield* store.moveTo(view, 0)
      assert.deepStrictEqual(yield* found(100, 10), [0])
    }))

  it.effect("who starts to run a reactor knows its timers, and reads nothing of the journal that is taken account of", () =>
    Effect.gen(function*() {
      const { account, reactor } = makeReminding()
      const sent: Array<readonly [string, string]> = []
      const first = yield* runs(reactor, sent, { partitions: 3 })
      const ids = Array.from({ length: 20 }, (_, n) => `account ${n}`)
      yield* Effect.forEach(ids, (id) => EventStore.append(account, id, [credited(0)]))
      const last = yield* EventStore.append(account, "ann", [credited(3_600_000)])
      yield* untilSent(sent, 20)
      yield* settled(reactor)
      yield* Fiber.interrupt(first)
      assert.strictEqual(sent.length, 20)

      const places: Array<number> = []
      const note = (category: string, after: number) => {
        if (category === reactor.name) places.push(after)
      }
      const second = yield* noting(runs(reactor, sent, { partitions: 3 }), note)
      yield* until("it knows the timers", Effect.sync(() => places.length > 0))
      yield* Fiber.interrupt(second)
      const at = DateTime.add(last.events[0]!.recordedAt, { hours: 1 })
      yield* noting(Reactor.catchUp(reactor, { partitions: 3, until: at, effects: sends(sent) }), note)
      assert.deepStrictEqual(sent.slice(20), [["ann", `reminder 1 at ${DateTime.toEpochMillis(at)}`]])
      // whoever does what the reactor asks for, or looks after its timers, has been beyond that
      assert.isAbove(Math.min(...places), last.position)
    }))

  it.effect("a timer whose worker ended before it was taken account of is due, once, for the next one", () =>
    Effect.gen(function*() {
      const { account, reactor } = makeReminding()
      const sent: Array<readonly [string, string]> = []
      const store = yield* ProjectionStore
      const reached = yield* Deferred.make<void>()
      const ending: ProjectionStore["Service"] = {
        ...store,
        saveRows: () => Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
      }
      const first = yield* Effect.provideService(runs(reactor, sent, { lease: "200 millis" }), ProjectionStore, ending)
      const { events: [event] } = yield* EventStore.append(account, "ann", [credited(50)])
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(first)
      const [inbox] = yield* Projections.list(reactor.name)
      const at = DateTime.toEpochMillis(event!.recordedAt) + 50
      yield* until("its instant has passed", Effect.sync(() => Date.now() > at))
      const before = sent.length
      const both = [yield* runs(reactor, sent), yield* runs(reactor, sent)]
      yield* untilSent(sent, 1)
      yield* settled(reactor)
      yield* settled(reactor)
      assert.deepStrictEqual(sent, [["ann", `reminder 1 at ${at}`]])
      // while its inbox was held up, the first one looked after it as well
      assert.isAtMost(before, 1)
      assert.isAtMost(inbox!.partitions[0]!.position, event!.position)
      yield* Effect.forEach(both, Fiber.interrupt)
    }))

  it.effect("a reactor that goes through everything again has no timer fire again, and none forgotten", () =>
    Effect.gen(function*() {
      const { account, reactor } = makeReminding()
      const sent: Array<readonly [string, string]> = []
      const first = yield* runs(reactor, sent)
      const { events: [pending] } = yield* EventStore.append(account, "pending", [credited(1_500)])
      yield* EventStore.append(account, "fired", [credited(0)])
      yield* EventStore.append(account, "taken back", [credited(60_000), debited])
      yield* untilSent(sent, 1)
      yield* settled(reactor)
      yield* Fiber.interrupt(first)
      yield* Projections.rewind({ name: reactor.name, version: 1 }, 0)
      const both = [yield* runs(reactor, sent), yield* runs(reactor, sent)]
      yield* settled(reactor)
      yield* untilSent(sent, 2)
      yield* settled(reactor)
      const at = DateTime.toEpochMillis(pending!.recordedAt) + 1_500
      assert.deepStrictEqual(sent.map(([key]) => key), ["fired", "pending"])
      assert.strictEqual(sent[1]![1], `reminder 1 at ${at}`)
      yield* Effect.forEach(both, Fiber.interrupt)
    }))

  it.effect("timers of the same process name in several tenants are kept apart, also from one worker to the next", () =>
    Effect.gen(function*() {
      const { account, reactor } = makeReminding()
      const sent: Array<readonly [string, string]> = []
      const first = yield* runs(reactor, sent)
      const tenants = [freshId(), freshId(), freshId()]
      const instants = yield* Effect.forEach(tenants, (tenant, n) =>
        Effect.provideService(
          Effect.map(EventStore.append(account, "ann", [credited(300 + n * 50)]), ({ events: [event] }) =>
            DateTime.toEpochMillis(event!.recordedAt) + 300 + n * 50),
          Tenant,
          tenant
        ))
      yield* settled(reactor)
      yield* Fiber.interrupt(first)
      const second = yield* runs(reactor, sent)
      yield* untilSent(sent, 3)
      yield* settled(reactor)
      assert.deepStrictEqual(
        sent.map(([, text]) => text).toSorted(),
        instants.map((at) => `reminder 1 at ${at}`).toSorted()
      )
      yield* Fiber.interrupt(second)
    }))
}
