import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import * as Projections from "refold/Projections"
import { ProjectionStore } from "refold/ProjectionStore"
import * as Reactor from "refold/Reactor"
import { Tenant } from "refold/StreamId"
import { credited, freshId, type It, makeAccount } from "./fixtures.ts"
import { forgetfulOnce, lease, quietly, until } from "./projections.ts"
import { makeSaving, outboxOf, runs, untilSent } from "./savings.ts"

export const reacting = (it: It) => {
  it.effect("a reactor sends commands and does effects, and what they lead to carries where it came from", () =>
    Effect.gen(function*() {
      const { account, reactor, savings } = makeSaving()
      const store = yield* EventStore.EventStore
      const sent: Array<string> = []
      const worker = yield* runs(reactor, { sent })
      const { events: [cause] } = yield* store.append(account, "ann", [credited(5)], {
        metadata: { correlationId: "c1" }
      })
      yield* untilSent(sent, 1)
      assert.deepStrictEqual(sent, ["ann saved 5, 0 before"])
      assert.deepStrictEqual([(yield* account.load("ann")).state, (yield* savings.load("savings")).state], [0, 5])
      const [, debited] = yield* Stream.runCollect(store.read(account, "ann"))
      const [saved] = yield* Stream.runCollect(store.read(savings, "savings"))
      // between them and their cause is what the reactor has written down
      assert.deepStrictEqual([debited, saved].map((event) => event?.metadata.correlationId), ["c1", "c1"])
      assert.strictEqual(debited?.metadata.causationId, saved?.metadata.causationId)
      assert.notStrictEqual(saved?.metadata.causationId, cause?.id)
      assert.strictEqual(saved?.metadata.commandId, `${saved?.metadata.causationId}/1`)
      yield* Fiber.interrupt(worker)
    }))

  it.effect("a process is told of its events in order, and remembers them", () =>
    Effect.gen(function*() {
      const { account, reactor } = makeSaving()
      const sent: Array<string> = []
      yield* EventStore.append(account, "ann", [credited(1), credited(2)])
      yield* EventStore.append(account, "bob", [credited(9)])
      const worker = yield* runs(reactor, { sent })
      yield* EventStore.append(account, "ann", [credited(3)])
      yield* untilSent(sent, 4)
      assert.deepStrictEqual(sent.filter((text) => text.startsWith("ann")), [
        "ann saved 1, 0 before",
        "ann saved 2, 1 before",
        "ann saved 3, 3 before"
      ])
      assert.include(sent, "bob saved 9, 0 before")
      yield* Fiber.interrupt(worker)
    }))

  it.effect("a command that is refused is told to the process that sent it", () =>
    Effect.gen(function*() {
      const { account, reactor } = makeSaving()
      const sent: Array<string> = []
      const store = yield* EventStore.EventStore
      yield* store.append(account, "ann", [credited(5), { _tag: "Debited", cents: 4 }])
      const worker = yield* runs(reactor, { sent })
      yield* untilSent(sent, 2)
      assert.deepStrictEqual(sent, ["ann saved 5, 0 before", "not Debit: InsufficientFunds, 5 so far"])
      yield* Fiber.interrupt(worker)
    }))

  it.effect("a reactor that starts over neither repeats what it has done nor changes its mind", () =>
    Effect.gen(function*() {
      const { account, reactor, savings } = makeSaving()
      const store = yield* EventStore.EventStore
      const sent: Array<string> = []
      const keys: Array<string> = []
      const mail = (_: string, key: string) => Effect.sync(() => keys.push(key))
      yield* store.append(account, "ann", [credited(5), { _tag: "Debited", cents: 4 }])
      yield* store.append(account, "bob", [credited(7)])
      const worker = yield* runs(reactor, { sent, mail })
      yield* untilSent(sent, 3)
      yield* Fiber.interrupt(worker)
      // by now the command that was refused would be accepted
      yield* store.append(account, "ann", [{ _tag: "Credited", cents: 100 }])
      const before = yield* Effect.all([account.load("bob"), savings.load("savings")])
      yield* Projections.rewind({ name: reactor.name, version: 1 }, 0)
      yield* Projections.rewind(outboxOf(reactor), 0)
      const successor = yield* runs(reactor, { sent, mail })
      yield* untilSent(sent, 7)
      assert.strictEqual((yield* account.load("ann")).state, 1)
      assert.deepStrictEqual((yield* account.load("bob")).version, before[0].version)
      assert.deepStrictEqual((yield* savings.load("savings")).state, before[1].state + 100)
      // effects are done again when they are asked for again, under the same keys
      assert.deepStrictEqual(new Set(keys.slice(3)).size, 4)
      for (const key of keys.slice(0, 3)) assert.include(keys.slice(3), key)
      yield* Fiber.interrupt(successor)
    }))

  it.effect("who reacts otherwise from now on does not take back what was reacted to before", () =>
    Effect.gen(function*() {
      let bonus = 0
      const { account, reactor } = makeSaving({ react: (saved, { event }) => saved + event.cents + bonus })
      const sent: Array<string> = []
      const worker = yield* runs(reactor, { sent })
      yield* EventStore.append(account, "ann", [credited(1)])
      yield* untilSent(sent, 1)
      yield* Fiber.interrupt(worker)
      bonus = 100
      yield* Projections.rewind({ name: reactor.name, version: 1 }, 0)
      const successor = yield* runs(reactor, { sent })
      yield* EventStore.append(account, "ann", [credited(2), credited(3)])
      yield* untilSent(sent, 3)
      assert.deepStrictEqual(sent, ["ann saved 1, 0 before", "ann saved 2, 1 before", "ann saved 3, 103 before"])
      yield* Fiber.interrupt(successor)
    }))

  it.effect("a reactor that throws stops at that event and says why; when it is mended, nothing is missing", () =>
    Effect.gen(function*() {
      let isBroken = true
      const { account, reactor } = makeSaving({
        react: (saved, { event: { cents } }) => {
          if (isBroken && cents === 2) throw new Error("cannot count to two")
          return saved + cents
        }
      })
      const sent: Array<string> = []
      const worker = yield* quietly(runs(reactor, { sent }))
      yield* EventStore.append(account, "ann", [credited(1), credited(2), credited(3)])
      const status = Effect.map(Projections.list(reactor.name), ([projection]) => projection)
      yield* until("it is stopped", Effect.map(status, (one) => one?.status === "stopped"))
      assert.include((yield* status)?.partitions[0]?.error, "cannot count to two")
      yield* untilSent(sent, 1)
      isBroken = false
      yield* Projections.resume({ name: reactor.name, version: 1 })
      yield* untilSent(sent, 3)
      assert.strictEqual(sent.at(-1), "ann saved 3, 3 before")
      yield* Fiber.interrupt(worker)
    }))

  it.effect("the same key in two tenants is two processes, and each acts in its own tenant", () =>
    Effect.gen(function*() {
      const { account, reactor, savings } = makeSaving()
      const sent: Array<string> = []
      const worker = yield* runs(reactor, { sent })
      const tenants = [freshId(), freshId()]
      for (const [index, tenant] of tenants.entries()) {
        yield* Effect.provideService(EventStore.append(account, "ann", [credited(index + 1)]), Tenant, tenant)
      }
      yield* untilSent(sent, 2)
      assert.deepStrictEqual(sent.toSorted(), ["ann saved 1, 0 before", "ann saved 2, 0 before"])
      const saved = yield* Effect.forEach(
        tenants,
        (tenant) => Effect.provideService(savings.load("savings"), Tenant, tenant)
      )
      assert.deepStrictEqual(saved.map(({ state }) => state), [1, 2])
      assert.strictEqual((yield* savings.load("savings")).version, 0)
      yield* Fiber.interrupt(worker)
    }))

  it.effect("a command that was refused is not sent again after the next one of the process has been done", () =>
    Effect.gen(function*() {
      const orders = makeAccount(`Orders-${freshId()}`)
      const account = makeAccount(`Account-${freshId()}`)
      const reactor = Reactor.make(`ordering-${freshId()}`, {
        from: [orders],
        commands: [account],
        state: Schema.Null,
        initial: null,
        key: ({ stream }) => stream.id,
        react: (_state, { stream }) => ({
          out: [
            Reactor.command(account, stream.id, { _tag: "Debit", cents: 5 }),
            Reactor.command(account, stream.id, { _tag: "Credit", cents: 7 })
          ]
        }),
        refused: () => ({})
      })
      const projections = yield* ProjectionStore
      const { forgetful, hasForgotten } = forgetfulOnce(projections, `${reactor.name} outbox`)
      yield* EventStore.append(orders, "ann", [credited(1)])
      const worker = yield* Effect.forkChild(
        Effect.provideService(Reactor.run(reactor, { lease }), ProjectionStore, forgetful)
      )
      yield* until("it has started over", hasForgotten)
      yield* EventStore.append(orders, "ann", [credited(1)])
      yield* until("the second order is done", Effect.map(account.load("ann"), ({ version }) => version >= 3))
      const events = yield* Stream.runCollect(EventStore.read(account, "ann"))
      assert.deepStrictEqual(events.map(({ event }) => event._tag), ["Credited", "Debited", "Credited"])
      const [first, second, third] = events.map(({ metadata }) => metadata.causationId)
      assert.notStrictEqual(second, first)
      assert.strictEqual(second, third)
      yield* Fiber.interrupt(worker)
    }))
}
