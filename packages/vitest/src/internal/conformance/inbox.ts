import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Aggregate from "refold/Aggregate"
import { EventStore } from "refold/EventStore"
import * as Inbox from "refold/Inbox"
import type * as Projection from "refold/Projection"
import * as Projections from "refold/Projections"
import { Tenant } from "refold/StreamId"
import * as Views from "refold/Views"
import { changeName, createLead, followUp, freshId, type It, Lead, makeAccount } from "./fixtures.ts"
import { lease, quietly, until } from "./projections.ts"

/** An inbox for accounts of a category of their own. */
const setUp = () => {
  const account = makeAccount(`Account-${freshId()}`)
  return { account, inbox: Inbox.make(`Inbox-${freshId()}`, [account]) }
}

const credit = (cents: number) => ({ _tag: "Credit" as const, cents })
const debit = (cents: number) => ({ _tag: "Debit" as const, cents })

/** Runs an inbox until the fiber is interrupted. */
const runs = (inbox: Inbox.Inbox, options?: Projection.RunOptions) =>
  Effect.forkChild(Inbox.run(inbox, { lease, retry: Schedule.recurs(0), ...options }))

export const inbox = (it: It) => {
  it.effect("what is submitted is done later, in order, and the log tells who asked for it and what became of it", () =>
    Effect.gen(function*() {
      const { account, inbox } = setUp()
      const id = freshId()
      const by = { actor: "ann", correlationId: "c1" }
      yield* Inbox.submit(inbox, account, id, debit(5), { commandId: "1", metadata: by })
      yield* Inbox.submit(inbox, account, id, credit(7), { commandId: "2", metadata: by })
      const { position } = yield* Inbox.submit(inbox, account, id, debit(5), { commandId: "3", metadata: by })
      assert.strictEqual((yield* account.load(id)).version, 0)
      const worker = yield* runs(inbox)
      yield* until("it is done", Effect.map(account.load(id), ({ state }) => state === 2))
      yield* Stream.runDrain(Inbox.follow(inbox, "3"))

      const log = yield* Views.all(inbox.log, { consistency: "current" })
      assert.deepStrictEqual([...log.keys()], ["1", "2", "3"])
      const [rejected, , done] = [...log.values()]
      assert.deepInclude(rejected!.outcome, { _tag: "Rejected", reason: "InsufficientFunds" })
      assert.deepInclude(done, { category: account.category, id, command: debit(5), actor: "ann", position })
      assert.deepInclude(done!.outcome, { _tag: "Appended", version: 2, events: ["Debited"] })
      const events = yield* Stream.runCollect(
        EventStore.use(Effect.succeed).pipe(
          Effect.map((store) => store.read(account, id)),
          Stream.unwrap
        )
      )
      assert.deepStrictEqual(events.map(({ metadata }) => metadata.commandId), ["2", "3"])
      for (const { metadata } of events) assert.deepInclude(metadata, by)
      yield* Fiber.interrupt(worker)
    }))

  it.effect("a command that is submitted again under its id is accepted once, and done once", () =>
    Effect.gen(function*() {
      const { account, inbox } = setUp()
      const id = freshId()
      const worker = yield* runs(inbox)
      const submit = Inbox.submit(inbox, account, id, credit(1), { commandId: "once" })
      const all = yield* Effect.all(Array.from({ length: 10 }, () => submit), { concurrency: "unbounded" })
      assert.strictEqual(new Set(all.map(({ position }) => position)).size, 1)
      const first = yield* Inbox.execute(inbox, account, id, credit(1), { commandId: "once" })
      const again = yield* Inbox.execute(inbox, account, id, credit(1), { commandId: "once" })
      assert.deepStrictEqual(again, first)
      assert.strictEqual((yield* account.load(id)).version, 1)
      yield* Fiber.interrupt(worker)
    }))

  it.effect("who waits is told the outcome, be it good or not", () =>
    Effect.gen(function*() {
      const inbox = Inbox.make(`Inbox-${freshId()}`, [Lead])
      const worker = yield* runs(inbox)
      const lead = yield* createLead
      const renamed = yield* Inbox.execute(inbox, Lead, lead, changeName("Bea"), { commandId: freshId() })
      assert.deepInclude(renamed, { _tag: "Appended", version: 2, events: ["NameChanged"] })
      const stale = yield* Inbox.execute(inbox, Lead, lead, changeName("Cid"), { commandId: freshId(), seen: 1 })
      assert.deepInclude(stale, { _tag: "Conflict", expected: 1, actual: 2 })
      const strict = yield* Inbox.execute(inbox, Lead, lead, followUp, { commandId: freshId(), strict: 1 })
      assert.strictEqual(strict._tag, "Conflict")
      const unknown = yield* Inbox.execute(inbox, Lead, freshId(), followUp, { commandId: freshId() })
      assert.deepInclude(unknown, { _tag: "Rejected", reason: "LeadUnknown" })
      yield* Fiber.interrupt(worker)
    }))

  it.effect("a command is followed from before it is submitted until it is done", () =>
    Effect.gen(function*() {
      const { account, inbox } = setUp()
      const worker = yield* runs(inbox)
      yield* Inbox.execute(inbox, account, "a", credit(1), { commandId: "other" })
      assert.isTrue(Option.isNone(yield* Inbox.status(inbox, "mine")))
      const follower = yield* Effect.forkChild(Stream.runCollect(Inbox.follow(inbox, "mine")))
      yield* Inbox.submit(inbox, account, "a", credit(2), { commandId: "mine" })
      const seen = yield* Fiber.join(follower)
      assert.deepInclude(seen.at(-1)?.outcome, { _tag: "Appended", version: 2 })
      for (const { command } of seen) assert.deepStrictEqual(command, credit(2))
      assert.deepStrictEqual(yield* Inbox.status(inbox, "mine"), Option.fromUndefinedOr(seen.at(-1)))
      assert.strictEqual((yield* Stream.runCollect(Inbox.follow(inbox, "mine"))).length, 1)
      yield* Fiber.interrupt(worker)
    }))

  it.effect("what was answered is not done again, also if the answer would be another by now", () =>
    Effect.gen(function*() {
      const { account, inbox } = setUp()
      const id = freshId()
      const worker = yield* runs(inbox)
      const first = yield* Inbox.execute(inbox, account, id, debit(1), { commandId: "debit" })
      assert.strictEqual(first._tag, "Rejected")
      yield* Inbox.execute(inbox, account, id, credit(1), { commandId: "credit" })
      yield* Fiber.interrupt(worker)
      // as if the worker had died before it could move on
      yield* Projections.rewind({ name: inbox.name, version: 1 }, 0)
      const successor = yield* runs(inbox)
      yield* Inbox.execute(inbox, account, id, credit(1), { commandId: "last" })
      assert.strictEqual((yield* account.load(id)).state, 2)
      yield* Fiber.interrupt(successor)
    }))

  it.effect("the commands of each instance are done in their order, whoever does them", () =>
    Effect.gen(function*() {
      const { account, inbox } = setUp()
      const workers = yield* Effect.forEach(["a", "b"], (worker) => runs(inbox, { partitions: 2, worker }))
      const ids = ["a", "b", "c", "d"]
      const amounts = Array.from({ length: 20 }, (_, n) => n + 1)
      yield* Effect.forEach(ids, (id) =>
        Effect.forEach(amounts, (cents) =>
          Inbox.submit(inbox, account, id, credit(cents), { commandId: `${id} ${cents}` })), {
        concurrency: "unbounded"
      })
      yield* Effect.forEach(ids, (id) =>
        Inbox.execute(inbox, account, id, credit(21), { commandId: `${id} last` }), { concurrency: "unbounded" })
      const store = yield* EventStore
      for (const id of ids) {
        const events = yield* Stream.runCollect(store.read(account, id))
        assert.deepStrictEqual(
          events.map(({ event }) =>
            event.cents
          ),
          [...amounts, 21]
        )
      }
      yield* Effect.forEach(workers, Fiber.interrupt)
    }))

  it.effect("each tenant has a log of its own", () =>
    Effect.gen(function*() {
      const { account, inbox } = setUp()
      const worker = yield* runs(inbox)
      const [one, other] = [freshId(), freshId()]
      const execute = Inbox.execute(inbox, account, "a", credit(1), { commandId: "same" })
      for (const tenant of [one, other]) {
        assert.deepInclude(yield* Effect.provideService(execute, Tenant, tenant), { _tag: "Appended", version: 1 })
      }
      assert.isTrue(Option.isNone(yield* Inbox.status(inbox, "same")))
      const status = Effect.provideService(Inbox.status(inbox, "same"), Tenant, one)
      assert.isTrue(Option.isSome(yield* status))
      yield* Fiber.interrupt(worker)
    }))

  it.effect("a command that cannot be accepted is an error of whoever submits it", () =>
    Effect.gen(function*() {
      const { account, inbox } = setUp()
      const reasonOf = (commandId: string, id: string) =>
        Effect.map(
          Effect.flip(Inbox.submit(inbox, account, id, credit(1), { commandId })),
          ({ reason }) => reason._tag
        )
      assert.strictEqual(yield* reasonOf("", "a"), "InvalidEvent")
      assert.strictEqual(yield* reasonOf("x".repeat(1000), "a"), "InvalidEvent")
      assert.strictEqual(yield* reasonOf("1", ""), "InvalidStreamId")
      const exit = yield* Effect.exit(Inbox.submit(inbox, Lead, "a", followUp, { commandId: "1" }))
      assert.include(String(exit), "does not take commands to Lead")
    }))

  it.effect("a command to an aggregate that is gone stops its partition, which says so, and is done when it is back", () =>
    Effect.gen(function*() {
      const { account, inbox } = setUp()
      yield* Inbox.submit(inbox, account, "a", credit(1), { commandId: "1" })
      const without = { ...inbox, targets: [Lead] }
      const forgetful = yield* quietly(runs(without))
      const stopped = Effect.map(
        Projections.list(inbox.name),
        (all) => all.flatMap(({ partitions }) => partitions).find(({ status }) => status === "stopped")
      )
      yield* until("it is stopped", Effect.map(stopped, (partition) => partition !== undefined))
      assert.include((yield* stopped)?.error, `the inbox ${inbox.name} knows no aggregate ${account.category}`)
      yield* Fiber.interrupt(forgetful)
      yield* Projections.resume({ name: inbox.name, version: 1 })
      const worker = yield* runs(inbox)
      assert.strictEqual((yield* Inbox.execute(inbox, account, "a", credit(1), { commandId: "1" }))._tag, "Appended")
      yield* Fiber.interrupt(worker)
    }))

  it.effect("a command whose decision dies holds up its partition, and nobody takes it for done", () =>
    Effect.gen(function*() {
      let isBroken = true
      const made = makeAccount(`Account-${freshId()}`)
      const fragile = Aggregate.make(made.category, {
        command: made.command,
        event: made.event,
        state: Schema.Int,
        initial: 0,
        decide: (command) => {
          if (isBroken) throw new Error("out of order")
          return [{ _tag: "Credited" as const, cents: command.cents }]
        },
        evolve: made.evolve,
        conflicts: "commutes"
      })
      const inbox = Inbox.make(`Inbox-${freshId()}`, [fragile])
      const worker = yield* quietly(runs(inbox, { onFailure: "park" }))
      yield* Inbox.submit(inbox, fragile, "a", credit(1), { commandId: "1" })
      const parked = Projections.parked({ name: inbox.name, version: 1 })
      yield* until("it is parked", Effect.map(parked, ({ length }) => length === 1))
      yield* Inbox.submit(inbox, fragile, "a", credit(2), { commandId: "2" })
      yield* until("it is parked", Effect.map(parked, ({ length }) => length === 2))
      assert.strictEqual(Option.getOrThrow(yield* Inbox.status(inbox, "1")).outcome, undefined)
      isBroken = false
      yield* Projections.retryParked({ name: inbox.name, version: 1 })
      const done = yield* Inbox.execute(inbox, fragile, "a", credit(2), { commandId: "2" })
      assert.deepInclude(done, { _tag: "Appended", version: 2 })
      yield* Fiber.interrupt(worker)
    }))
}
