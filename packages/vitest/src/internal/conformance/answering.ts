/** What a worker of an inbox may still say when it comes too late, and what its successor knows of what it has said. */
import { assert } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import * as Inbox from "refold/Inbox"
import { ProjectionStore } from "refold/ProjectionStore"
import { freshId, type It, makeAccount } from "./fixtures.ts"
import { forgetfulOnce, lease, until } from "./projections.ts"

const setUp = () => {
  const account = makeAccount(`Account-${freshId()}`)
  return { account, inbox: Inbox.make(`Inbox-${freshId()}`, [account]), id: freshId() }
}

const credit = (cents: number) => ({ _tag: "Credit" as const, cents })
const debit = (cents: number) => ({ _tag: "Debit" as const, cents })

/** What the log of an instance has come to, by command. */
const answersTo = ({ entries }: Inbox.Inbox, id: string) =>
  EventStore.use((store) => Stream.runCollect(store.read(entries, id))).pipe(
    Effect.map((events) =>
      events.flatMap(({ event }) => event._tag === "Answered" ? [`${event.commandId} ${event.outcome._tag}`] : [])
    )
  )

export const answering = (it: It) => {
  it.effect("a worker that was replaced while it did a command cannot say any more that it was refused", () =>
    Effect.gen(function*() {
      const { account, id, inbox } = setUp()
      const store = yield* EventStore
      const projections = yield* ProjectionStore
      const stalled = yield* Deferred.make<void>()
      const replaced = yield* Deferred.make<void>()
      const wentOn = yield* Deferred.make<void>()
      let looked = 0
      /** Having been refused, it looks a last time whether the command was done, stands still, and goes on when it was. */
      const stallingStore: typeof store = {
        ...store,
        find: (source, of, eventId) =>
          Effect.tap(store.find(source, of, eventId), () =>
            source.category === account.category && ++looked === 3
              ? Effect.andThen(Deferred.succeed(stalled, undefined), Deferred.await(replaced))
              : Effect.void)
      }
      const stallingProjections: typeof projections = {
        ...projections,
        claim: (projection, options) =>
          Effect.flatMap(
            Deferred.isDone(stalled),
            (isStalled) => isStalled ? Effect.never : projections.claim(projection, options)
          ),
        commit: (partition, move) => (work) =>
          Effect.ensuring(
            projections.commit(partition, move)(work),
            Effect.flatMap(Deferred.isDone(replaced), (isReplaced) =>
              isReplaced && partition.name === inbox.name ? Deferred.succeed(wentOn, undefined) : Effect.void)
          )
      }
      yield* Inbox.run(inbox, { lease }).pipe(
        Effect.provideService(EventStore, stallingStore),
        Effect.provideService(ProjectionStore, stallingProjections),
        Effect.forkScoped
      )
      yield* Inbox.submit(inbox, account, id, debit(5), { commandId: "debit" })
      yield* Deferred.await(stalled)
      yield* account.execute(id, credit(5))
      yield* Effect.forkScoped(Inbox.run(inbox, { lease }))
      const told = yield* Inbox.execute(inbox, account, id, debit(5), { commandId: "debit" })
      assert.strictEqual(told._tag, "Appended")
      yield* Deferred.succeed(replaced, undefined)
      yield* Deferred.await(wentOn)
      assert.deepStrictEqual(yield* answersTo(inbox, id), ["debit Appended"])
    }).pipe(Effect.scoped))

  it.effect("a command that was refused is not asked for again after the next one has been done", () =>
    Effect.gen(function*() {
      const { account, id, inbox } = setUp()
      const projections = yield* ProjectionStore
      yield* Inbox.submit(inbox, account, id, debit(5), { commandId: "debit" })
      yield* Inbox.submit(inbox, account, id, credit(7), { commandId: "credit" })
      const { forgetful, hasForgotten } = forgetfulOnce(projections, inbox.name)
      yield* Inbox.run(inbox, { lease }).pipe(Effect.provideService(ProjectionStore, forgetful), Effect.forkScoped)
      yield* until("it has started over", hasForgotten)
      yield* Inbox.execute(inbox, account, id, credit(1), { commandId: "last" })
      assert.strictEqual((yield* account.load(id)).state, 8)
      assert.deepStrictEqual(yield* answersTo(inbox, id), ["debit Rejected", "credit Appended", "last Appended"])
    }).pipe(Effect.scoped))

  it.effect("many commands that are refused at the same time are answered once each", () =>
    Effect.gen(function*() {
      const { account, id, inbox } = setUp()
      const names = Array.from({ length: 250 }, (_, n) => `${id} ${n}`)
      yield* Effect.forEach(names, (name) => Inbox.submit(inbox, account, name, debit(1), { commandId: name }), {
        concurrency: "unbounded"
      })
      yield* Effect.forkScoped(Inbox.run(inbox, { lease }))
      yield* Effect.forEach(
        names,
        (name) => Inbox.execute(inbox, account, name, debit(1), { commandId: name }),
        { concurrency: 16 }
      )
      for (const name of names) assert.deepStrictEqual(yield* answersTo(inbox, name), [`${name} Rejected`])
    }).pipe(Effect.scoped))
}
