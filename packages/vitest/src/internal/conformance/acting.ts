import { assert } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as EventStore from "refold/EventStore"
import * as Projections from "refold/Projections"
import * as Reactor from "refold/Reactor"
import { close, credited, freshId, type It, makeLead } from "./fixtures.ts"
import { lease, quietly, until } from "./projections.ts"
import { makeSaving, NoPost, outboxOf, runs, untilSent } from "./savings.ts"

export const acting = (it: It) => {
  it.effect("an effect that fails is tried again, then parked, and the later ones of its process wait; others do not", () =>
    Effect.gen(function*() {
      const { account, reactor } = makeSaving()
      const sent: Array<string> = []
      const { inTransaction } = yield* EventStore.EventStore
      const held: Array<boolean> = []
      let down = true
      let tries = 0
      const mail = (text: string) =>
        Effect.gen(function*() {
          held.push(yield* inTransaction)
          if (!down || !text.startsWith("ann")) return
          tries++
          return yield* new NoPost()
        })
      const worker = yield* quietly(runs(reactor, { sent, mail, retry: Schedule.recurs(2) }))
      yield* EventStore.append(account, "ann", [credited(1)])
      const parked = Projections.parked(outboxOf(reactor))
      yield* until("it is parked", Effect.map(parked, ({ length }) => length > 0))
      assert.isAtLeast(tries, 3)
      yield* EventStore.append(account, "ann", [credited(2)])
      yield* EventStore.append(account, "bob", [credited(3)])
      yield* untilSent(sent, 1)
      assert.deepStrictEqual(sent, ["bob saved 3, 0 before"])
      yield* until("the next one waits", Effect.map(parked, ({ length }) => length === 2))
      assert.deepStrictEqual((yield* parked).map(({ error, stream }) => [stream.id, error]), [["ann", "NoPost"], [
        "ann",
        ""
      ]])
      down = false
      yield* Projections.retryParked(outboxOf(reactor))
      yield* untilSent(sent, 3)
      assert.deepStrictEqual(sent.slice(1), ["ann saved 1, 0 before", "ann saved 2, 1 before"])
      // whoever sends mail does not keep others from writing
      assert.notInclude(held, true)
      yield* Fiber.interrupt(worker)
    }))

  it.effect("one effect that fails does not have the others of its batch done again", () =>
    Effect.gen(function*() {
      const { account, reactor } = makeSaving()
      const ids = Array.from({ length: 20 }, (_, n) => `account ${n}`)
      yield* Effect.forEach(ids, (id) => EventStore.append(account, id, [credited(1)]))
      const sent: Array<string> = []
      const mail = (text: string) => text.startsWith("account 13 ") ? Effect.fail(new NoPost()) : Effect.void
      const worker = yield* quietly(runs(reactor, { sent, mail }))
      yield* until("one is parked", Effect.map(Projections.parked(outboxOf(reactor)), ({ length }) => length === 1))
      yield* untilSent(sent, 19)
      assert.deepStrictEqual(
        sent.toSorted(),
        ids.filter((id) => id !== "account 13").map((id) => `${id} saved 1, 0 before`).toSorted()
      )
      yield* Fiber.interrupt(worker)
    }))

  it.effect("a command to an aggregate that is gone is parked with a clear error", () =>
    Effect.gen(function*() {
      const { account, reactor, savings } = makeSaving()
      const worker = yield* runs(reactor, { mail: () => Effect.never })
      yield* EventStore.append(account, "ann", [credited(1)])
      yield* until("it was written down", Effect.map(savings.load("savings"), ({ version }) => version === 1))
      yield* Effect.forkChild(Fiber.interrupt(worker))
      const sent: Array<string> = []
      const without = yield* quietly(runs({ ...reactor, commands: [account] }, { sent }))
      const parked = Projections.parked(outboxOf(reactor))
      yield* until("it is parked", Effect.map(parked, ({ length }) => length === 1))
      assert.include((yield* parked)[0]?.error, `${reactor.name} has no command to ${savings.category} any more`)
      yield* Fiber.interrupt(without)
    }))

  it.effect("reactors that share the work of partitions execute every command once, and keep the order of each process", () =>
    Effect.gen(function*() {
      const { account, reactor, savings } = makeSaving()
      const sent: Array<string> = []
      const workers = yield* Effect.forEach(
        ["a", "b"],
        (worker) => runs(reactor, { sent, partitions: 2, worker, lease: "2 seconds" })
      )
      const ids = Array.from({ length: 10 }, (_, n) => `account ${n}`)
      yield* Effect.forEach(
        ids,
        (id) => Effect.forEach([1, 2, 3], (cents) => EventStore.append(account, id, [credited(cents)])),
        {
          concurrency: "unbounded"
        }
      )
      // a worker that is slow and loses its lease leaves mails to the other one that it has sent
      yield* until("30 mails are sent", Effect.sync(() => new Set(sent).size === 30))
      assert.strictEqual((yield* savings.load("savings")).state, 60)
      for (const id of ids) {
        assert.deepStrictEqual(
          sent.filter((text) => text.startsWith(`${id} `)),
          [
            `${id} saved 1, 0 before`,
            `${id} saved 2, 1 before`,
            `${id} saved 3, 3 before`
          ]
        )
        assert.strictEqual((yield* account.load(id)).state, 0)
      }
      yield* Effect.forEach(workers, Fiber.interrupt)
    }))

  it.effect("what is in hand is done to its end before a reactor stops", () =>
    Effect.gen(function*() {
      const { account, reactor } = makeSaving()
      const [began, goOn] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const sent: Array<string> = []
      const mail = () => Effect.andThen(Deferred.succeed(began, undefined), Deferred.await(goOn))
      const worker = yield* runs(reactor, { sent, mail, lease: "20 seconds" })
      yield* EventStore.append(account, "ann", [credited(1)])
      yield* Deferred.await(began)
      const stopped = yield* Effect.forkChild(Fiber.interrupt(worker))
      yield* Effect.yieldNow
      yield* Deferred.succeed(goOn, undefined)
      yield* Fiber.join(stopped)
      assert.strictEqual(sent.length, 1)
      const successor = yield* runs(reactor, { sent })
      yield* EventStore.append(account, "bob", [credited(1)])
      yield* untilSent(sent, 2)
      assert.deepStrictEqual(sent, ["ann saved 1, 0 before", "bob saved 1, 0 before"])
      yield* Fiber.interrupt(successor)
    }))

  it.effect("a command that collides comes once more; if it collides again, its process is told", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const lead = makeLead(`Lead-${freshId()}`)
      const told: Array<string> = []
      const closing = Reactor.make(`closing-${freshId()}`, {
        from: [lead],
        commands: [lead],
        effects: { tell: Schema.String },
        state: Schema.Null,
        initial: null,
        key: ({ event, stream }) => event._tag === "LeadInitialized" ? stream.id : undefined,
        react: (_, { stream }) => ({
          out: [Reactor.command(lead, stream.id, close), Reactor.effect("tell", "closed?")]
        }),
        refused: (_, { reason }) => ({ out: [Reactor.effect("tell", reason)] })
      })
      // others are faster so many times; a state that was remembered is not held against a command
      const others = new Map([["one", 1], ["two", 3]])
      const busy: EventStore.EventStore["Service"] = {
        ...store,
        append: (source, id, events, options) => {
          const left = others.get(id) ?? 0
          if (source.category !== lead.category || left === 0) return store.append(source, id, events, options)
          others.set(id, left - 1)
          const theirs = store.append(lead, id, [{ _tag: "FollowupSet", on: `${left}` }])
          return Effect.andThen(Effect.orDie(theirs), store.append(source, id, events, options))
        }
      }
      yield* store.append(lead, "one", [{ _tag: "LeadInitialized", name: "Ann" }])
      yield* store.append(lead, "two", [{ _tag: "LeadInitialized", name: "Bob" }])
      const effects = {
        tell: (text: string, { key }: { readonly key: string }) => Effect.sync(() => void told.push(`${key} ${text}`))
      }
      const worker = yield* Effect.forkChild(
        Effect.provideService(Reactor.run(closing, { lease, effects }), EventStore.EventStore, busy)
      )
      yield* until("everybody is told", Effect.sync(() => told.length >= 3))
      assert.deepStrictEqual(told.toSorted(), ["one closed?", "two Conflict", "two closed?"])
      assert.strictEqual((yield* lead.load("one")).state.status, "Closed")
      assert.strictEqual((yield* lead.load("two")).state.status, "Available")
      yield* Fiber.interrupt(worker)
    }))
}
