import { assert } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import * as Projections from "refold/Projections"
import * as Reactor from "refold/Reactor"
import { Tenant } from "refold/StreamId"
import { credited, freshId, type It, makeAccount } from "./fixtures.ts"
import { until } from "./projections.ts"
import { debited, lease, makeReminding, runs, settled, untilSent } from "./reminders.ts"

export const timing = (it: It) => {
  it.effect("a timer is due at its instant, once, and not before", () =>
    Effect.gen(function*() {
      const { account, reactor } = makeReminding()
      const sent: Array<readonly [string, string]> = []
      const worker = yield* runs(reactor, sent)
      const { events: [event] } = yield* EventStore.append(account, "ann", [credited(200)])
      const at = DateTime.toEpochMillis(event!.recordedAt) + 200
      yield* untilSent(sent, 1)
      assert.isAtLeast(Date.now(), at)
      assert.deepStrictEqual(sent, [["ann", `reminder 1 at ${at}`]])
      yield* settled(reactor)
      assert.strictEqual(sent.length, 1)
      yield* Fiber.interrupt(worker)
    }))

  it.effect("a timer whose instant passed while nobody ran the reactor fires once, as soon as somebody does", () =>
    Effect.gen(function*() {
      const { account, reactor } = makeReminding()
      const sent: Array<readonly [string, string]> = []
      const first = yield* runs(reactor, sent)
      const { events: [event] } = yield* EventStore.append(account, "ann", [credited(300)])
      yield* until(
        "the timer is set",
        Effect.map(Projections.list(reactor.name), ([one]) => one !== undefined && one.handled > 0)
      )
      yield* Fiber.interrupt(first)
      const at = DateTime.toEpochMillis(event!.recordedAt) + 300
      yield* until("its instant has passed", Effect.sync(() => Date.now() > at))
      const both = [yield* runs(reactor, sent), yield* runs(reactor, sent)]
      yield* untilSent(sent, 1)
      yield* settled(reactor)
      assert.strictEqual(sent.length, 1)
      yield* Effect.forEach(both, Fiber.interrupt)
      const third = yield* runs(reactor, sent)
      yield* EventStore.append(account, "bob", [credited(0)])
      yield* untilSent(sent, 2)
      assert.deepStrictEqual(sent.map(([key]) => key), ["ann", "bob"])
      yield* Fiber.interrupt(third)
    }))

  it.effect("a timer that is set again is moved, one that is taken back is not due, and one may be set again later", () =>
    Effect.gen(function*() {
      const { account, reactor } = makeReminding()
      const sent: Array<readonly [string, string]> = []
      const worker = yield* runs(reactor, sent)
      // sooner, later, and never
      yield* EventStore.append(account, "sooner", [credited(3_600_000), credited(1)])
      yield* EventStore.append(account, "later", [credited(1_000), credited(3_600_000)])
      yield* EventStore.append(account, "never", [credited(1_000), debited])
      const { events: [, , again] } = yield* EventStore.append(account, "again", [
        credited(1_000),
        debited,
        credited(1_200)
      ])
      yield* untilSent(sent, 2)
      yield* settled(reactor)
      assert.deepStrictEqual(sent.map(([key]) => key), ["sooner", "again"])
      assert.strictEqual(sent[1]?.[1], `reminder 1 at ${DateTime.toEpochMillis(again!.recordedAt) + 1_200}`)
      yield* EventStore.append(account, "sooner", [credited(1)])
      yield* untilSent(sent, 3)
      assert.match(sent[2]![1], /^reminder 2 /)
      yield* Fiber.interrupt(worker)
    }))

  it.effect("many timers of many processes and tenants are due, each once", () =>
    Effect.gen(function*() {
      const { account, reactor } = makeReminding()
      const sent: Array<readonly [string, string]> = []
      const workers = [yield* runs(reactor, sent), yield* runs(reactor, sent)]
      const ids = Array.from({ length: 100 }, (_, n) => `account ${n}`)
      const tenants = [freshId(), freshId()]
      yield* Effect.forEach(tenants, (tenant) =>
        Effect.provideService(
          Effect.forEach(ids, (id, n) => EventStore.append(account, id, [credited(n % 7 * 50)]), {
            concurrency: "unbounded"
          }),
          Tenant,
          tenant
        ))
      yield* untilSent(sent, 200)
      yield* settled(reactor)
      assert.deepStrictEqual(sent.map(([key]) => key).toSorted(), [...ids, ...ids].toSorted())
      yield* Effect.forEach(workers, Fiber.interrupt)
    }))

  it.effect("what a timer leads to carries the correlation of what set it", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const account = makeAccount(`Account-${freshId()}`)
      const reactor = Reactor.make(`paying-${freshId()}`, {
        from: [account],
        commands: [account],
        state: Schema.Null,
        initial: null,
        key: ({ event, stream }) => event._tag === "Credited" ? stream.id : undefined,
        react: (_, { recordedAt }) => ({ out: [Reactor.timer("payout", recordedAt)] }),
        due: () => ({ out: [Reactor.command(account, "ann", { _tag: "Debit", cents: 5 })] })
      })
      const worker = yield* Effect.forkChild(Reactor.run(reactor, { lease }))
      yield* store.append(account, "ann", [credited(5)], { metadata: { correlationId: "c1" } })
      yield* until("it is paid out", Effect.map(account.load("ann"), ({ version }) => version === 2))
      const [, paid] = yield* Stream.runCollect(store.read(account, "ann"))
      assert.strictEqual(paid?.metadata.correlationId, "c1")
      yield* Fiber.interrupt(worker)
    }))
}
