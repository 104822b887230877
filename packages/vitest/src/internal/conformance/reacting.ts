import { assert } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import * as Projections from "refold/Projections"
import * as Reactor from "refold/Reactor"
import type { RecordedEvent } from "refold/RecordedEvent"
import { Tenant } from "refold/StreamId"
import { credited, freshId, type It, makeAccount } from "./fixtures.ts"
import { lease, quietly, until } from "./projections.ts"

type Credited = RecordedEvent<{ readonly _tag: "Credited" | "Debited"; readonly cents: number }>

/**
 * Whatever is credited to an account is saved: debited there, and credited to the account "savings". The owner is told by
 * mail, and of what was refused as well. The state is the cents that came in.
 */
const makeSaving = (
  options?: {
    readonly name?: string | undefined
    readonly react?: ((saved: number, recorded: Credited) => number) | undefined
    readonly key?: ((recorded: Credited) => string | undefined) | undefined
  }
) => {
  const account = makeAccount(`Account-${freshId()}`)
  const savings = makeAccount(`Savings-${freshId()}`)
  const reactor = Reactor.make(options?.name ?? `saving-${freshId()}`, {
    from: [account],
    commands: [account, savings],
    effects: { mail: Schema.String },
    state: Schema.Int,
    initial: 0,
    key: options?.key ?? (({ event, stream }) => event._tag === "Credited" ? stream.id : undefined),
    react: (saved, recorded) => {
      const { event: { cents }, stream } = recorded
      return {
        state: options?.react?.(saved, recorded) ?? saved + cents,
        out: [
          Reactor.command(account, stream.id, { _tag: "Debit", cents }),
          Reactor.command(savings, "savings", { _tag: "Credit", cents }),
          Reactor.effect("mail", `${stream.id} saved ${cents}, ${saved} before`)
        ]
      }
    },
    refused: (saved, { command, reason }) => ({
      out: [Reactor.effect("mail", `not ${command._tag}: ${reason}, ${saved} so far`)]
    })
  })
  return { account, savings, reactor }
}

type Saving = ReturnType<typeof makeSaving>["reactor"]

class NoPost extends Data.TaggedError("NoPost")<{}> {}

/** Runs a reactor until the fiber is interrupted, and keeps its mails. */
const runs = (
  reactor: Saving,
  {
    mail = () => Effect.void,
    sent = [],
    ...options
  }: Omit<Reactor.RunOptions<{}>, "effects"> & {
    readonly sent?: Array<string>
    readonly mail?: (text: string, idempotencyKey: string) => Effect.Effect<void, NoPost>
  } = {}
) =>
  Effect.forkChild(Reactor.run(reactor, {
    lease,
    retry: Schedule.recurs(0),
    ...options,
    effects: {
      mail: (text, { idempotencyKey }) =>
        Effect.andThen(mail(text, idempotencyKey), Effect.sync(() => void sent.push(text)))
    }
  }))

const outboxOf = ({ name }: Saving) => ({ name: `${name} outbox`, version: 1 })

const untilSent = (sent: ReadonlyArray<string>, count: number) =>
  until(`${count} mails are sent`, Effect.sync(() => sent.length >= count))

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

  it.effect("an event that had no process gets one if the reactor is sent back to it, also if later ones were there first", () =>
    Effect.gen(function*() {
      let others = false
      const { account, reactor } = makeSaving({
        key: ({ event, stream }) => event._tag === "Debited" || (stream.id === "b" && !others) ? undefined : "all"
      })
      const sent: Array<string> = []
      yield* EventStore.append(account, "a", [credited(1)])
      yield* EventStore.append(account, "b", [credited(2)])
      yield* EventStore.append(account, "a", [credited(3)])
      const worker = yield* runs(reactor, { sent })
      yield* untilSent(sent, 2)
      yield* Fiber.interrupt(worker)
      others = true
      yield* Projections.rewind({ name: reactor.name, version: 1 }, 0)
      const successor = yield* runs(reactor, { sent })
      yield* untilSent(sent, 3)
      assert.deepStrictEqual(sent, ["a saved 1, 0 before", "a saved 3, 1 before", "b saved 2, 4 before"])
      yield* Fiber.interrupt(successor)
    }))

  it.effect("an effect that fails is tried again, then parked, and the later ones of its process wait; others do not", () =>
    Effect.gen(function*() {
      const { account, reactor } = makeSaving()
      const sent: Array<string> = []
      let down = true
      let tries = 0
      const mail = (text: string) =>
        Effect.suspend(() => {
          if (!down || !text.startsWith("ann")) return Effect.void
          tries++
          return Effect.fail(new NoPost())
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
}
