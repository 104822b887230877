/** Inboxes that let go of commands which were answered long ago. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Aggregate from "refold/Aggregate"
import { EventStore } from "refold/EventStore"
import * as Inbox from "refold/Inbox"
import * as Projections from "refold/Projections"
import { Tenant } from "refold/StreamId"
import * as Views from "refold/Views"
import { freshId, type It, makeAccount } from "./fixtures.ts"
import { lease, quietly, until } from "./projections.ts"

const credit = (cents: number) => ({ _tag: "Credit" as const, cents })
const debit = (cents: number) => ({ _tag: "Debit" as const, cents })

const setUp = () => {
  const account = makeAccount(`Account-${freshId()}`)
  return { account, inbox: Inbox.make(`Inbox-${freshId()}`, [account]), id: freshId() }
}

/** What is in the stream of an instance: versions, and what they say of which command. */
const streamOf = ({ entries }: Inbox.Inbox, id: string) =>
  EventStore.use((store) => Stream.runCollect(store.read(entries, id))).pipe(
    Effect.map((events) => events.map(({ event, version }) => `${version} ${event._tag} ${event.commandId}`))
  )

const keysOf = (inbox: Inbox.Inbox) =>
  Effect.map(Views.all(inbox.log, { consistency: "current" }), (rows) => [...rows.keys()])

const isForgotten = (inbox: Inbox.Inbox, ...commands: ReadonlyArray<string>) =>
  until(
    `${commands.join(", ")} are forgotten`,
    Effect.map(keysOf(inbox), (keys) => !keys.some((key) => commands.includes(key)))
  )

/** Keeps nothing for long, as long as the effect runs. */
const forgetting = <A, E, R>(inbox: Inbox.Inbox, self: Effect.Effect<A, E, R>) =>
  Effect.flatMap(
    Effect.forkChild(Inbox.run(inbox, { lease, retention: "1 millis" })),
    (worker) => Effect.ensuring(self, Fiber.interrupt(worker))
  )

export const retaining = (it: It) => {
  it.effect("what was answered longer ago than it is to be kept is gone, rows and events", () =>
    Effect.gen(function*() {
      const { account, id, inbox } = setUp()
      yield* forgetting(
        inbox,
        Effect.gen(function*() {
          yield* Inbox.execute(inbox, account, id, credit(5), { commandId: "1" })
          yield* Inbox.execute(inbox, account, id, debit(9), { commandId: "2" })
          yield* isForgotten(inbox, "1", "2")
        })
      )
      // nobody is told of the last one any more
      assert.deepStrictEqual(yield* streamOf(inbox, id), ["4 Answered 2"])
      assert.isTrue(Option.isNone(yield* Inbox.status(inbox, "2")))
      assert.strictEqual((yield* Views.live(inbox.log)).size, 0)
      yield* Inbox.submit(inbox, account, id, credit(1), { commandId: "3" })
      assert.deepStrictEqual(yield* streamOf(inbox, id), ["4 Answered 2", "5 Submitted 3"])
      assert.strictEqual((yield* account.load(id)).state, 5)
    }))

  it.effect("a command that was done is told what it has done also if its entry is gone, and a refused one is asked anew", () =>
    Effect.gen(function*() {
      const { account, id, inbox } = setUp()
      yield* forgetting(
        inbox,
        Effect.gen(function*() {
          const first = yield* Inbox.execute(inbox, account, id, debit(5), { commandId: "debit" })
          const credited = yield* Inbox.execute(inbox, account, id, credit(5), { commandId: "credit" })
          yield* isForgotten(inbox, "debit", "credit")
          const again = yield* Inbox.execute(inbox, account, id, credit(5), { commandId: "credit" })
          assert.deepStrictEqual(again, credited)
          assert.strictEqual((yield* account.load(id)).state, 5)
          const anew = yield* Inbox.execute(inbox, account, id, debit(5), { commandId: "debit" })
          assert.deepStrictEqual([first._tag, anew._tag], ["Rejected", "Appended"])
          yield* isForgotten(inbox, "debit", "credit")
          // the very same answer as at the first time is one of its own
          for (const _ of ["once", "twice"]) {
            const refused = yield* Inbox.execute(inbox, account, id, debit(9), { commandId: "refused" })
            assert.strictEqual(refused._tag, "Rejected")
            yield* isForgotten(inbox, "refused")
          }
        })
      )
      assert.strictEqual((yield* account.load(id)).state, 0)
    }))

  it.effect("what was not answered is kept, and so is everything where nobody says for how long", () =>
    Effect.gen(function*() {
      let isBroken = true
      const { account, id } = setUp()
      const fragile = Aggregate.make(account.category, {
        command: account.command,
        event: account.event,
        state: Schema.Int,
        initial: 0,
        decide: (command) => {
          if (isBroken && command._tag === "Debit") throw new Error("out of order")
          return [{ _tag: "Credited" as const, cents: command.cents }]
        },
        evolve: account.evolve,
        conflicts: "commutes"
      })
      const inbox = Inbox.make(`Inbox-${freshId()}`, [fragile])
      const run = (options: Inbox.RunOptions) =>
        quietly(Effect.forkChild(Inbox.run(inbox, { lease, onFailure: "park", ...options })))
      const keeping = yield* run({})
      yield* Inbox.submit(inbox, fragile, id, debit(1), { commandId: "parked" })
      yield* until(
        "it is parked",
        Effect.map(Projections.parked({ name: inbox.name, version: 1 }), ({ length }) => length === 1)
      )
      yield* Inbox.submit(inbox, fragile, id, credit(1), { commandId: "waiting" })
      yield* Inbox.execute(inbox, fragile, `${id} other`, credit(1), { commandId: "done" })
      yield* Inbox.execute(inbox, fragile, `${id} other`, credit(1), { commandId: "last" })
      assert.deepStrictEqual(yield* keysOf(inbox), ["done", "last", "parked", "waiting"])
      yield* Fiber.interrupt(keeping)
      const worker = yield* run({ retention: "1 millis" })
      yield* isForgotten(inbox, "done", "last")
      assert.deepStrictEqual(yield* keysOf(inbox), ["parked", "waiting"])
      isBroken = false
      yield* Projections.retryParked({ name: inbox.name, version: 1 })
      yield* Inbox.execute(inbox, fragile, id, credit(1), { commandId: "waiting" })
      assert.strictEqual((yield* fragile.load(id)).version, 2)
      yield* isForgotten(inbox, "parked", "waiting")
      yield* Fiber.interrupt(worker)
    }))

  it.effect("several workers may remove at the same time, for all tenants, while others submit what was removed", () =>
    Effect.gen(function*() {
      const { account, inbox } = setUp()
      const tenants = [freshId(), freshId()]
      const workers = yield* Effect.forEach(
        ["a", "b", "c"],
        () => Effect.forkChild(Inbox.run(inbox, { lease, partitions: 2, retention: "1 millis" }))
      )
      const names = Array.from({ length: 40 }, (_, n) => `${n}`)
      for (const round of [1, 2, 3]) {
        for (const tenant of tenants) {
          yield* Effect.forEach(
            names,
            (name) => Inbox.execute(inbox, account, `${Number(name) % 5}`, credit(1), { commandId: name }),
            { concurrency: "unbounded" }
          ).pipe(Effect.provideService(Tenant, tenant))
          // some are submitted again in the middle of being removed
          if (round === 2) yield* Effect.provideService(isForgotten(inbox, "0"), Tenant, tenant)
        }
      }
      for (const tenant of tenants) {
        yield* Effect.gen(function*() {
          yield* isForgotten(inbox, ...names)
          for (const id of ["0", "1", "2", "3", "4"]) {
            assert.strictEqual((yield* account.load(id)).state, 8)
            assert.isAtMost((yield* streamOf(inbox, id)).length, 1)
          }
        }).pipe(Effect.provideService(Tenant, tenant))
      }
      yield* Effect.forEach(workers, Fiber.interrupt)
    }))
}
