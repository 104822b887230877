import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import {
  Account,
  changeName,
  close,
  conflictOf,
  createLead,
  followUp,
  freshId,
  heldAtAppend,
  InsufficientFunds,
  type It,
  Lead,
  makeAccount,
  makeLead
} from "./fixtures.ts"

const typesOf = (id: string) =>
  Effect.gen(function*() {
    const store = yield* EventStore
    const events = yield* Stream.runCollect(store.read(Lead, id))
    return events.map((event) => event.event._tag)
  })

/** The same races however the two commands meet: in line within a process, or through the store as from two. */
const races = (
  it: It,
  name: string,
  both: <A1, E1, A2, E2>(
    first: (lead: typeof Lead, account: typeof Account) => Effect.Effect<A1, E1, EventStore>,
    second: (lead: typeof Lead, account: typeof Account) => Effect.Effect<A2, E2, EventStore>
  ) => Effect.Effect<readonly [Result.Result<A1, E1>, Result.Result<A2, E2>], never, EventStore>
) => {
  it.effect(`a name change lands on top of a status change it raced with, ${name}`, () =>
    Effect.gen(function*() {
      const id = yield* createLead
      const [first, second] = yield* both(
        (lead) => lead.execute(id, close, { metadata: { actor: "bob" } }),
        (lead) => lead.execute(id, changeName("Bea"))
      )
      assert.isTrue(Result.isSuccess(first))
      assert.isTrue(Result.isSuccess(second))
      if (Result.isFailure(second)) return
      assert.strictEqual(second.success.version, 3)
      assert.deepStrictEqual(
        second.success.missed.map(({ event, metadata, version }) => [event._tag, metadata.actor, version]),
        [["StatusChanged", "bob", 2]]
      )
      assert.deepStrictEqual(yield* typesOf(id), ["LeadInitialized", "StatusChanged", "NameChanged"])
      assert.deepStrictEqual((yield* Lead.load(id)).state, {
        name: "Bea",
        status: "Closed",
        followup: "",
        exists: true
      })
    }))

  it.effect(`a follow-up collides with a status change it raced with, ${name}`, () =>
    Effect.gen(function*() {
      const id = yield* createLead
      const [first, second] = yield* both(
        (lead) => lead.execute(id, close, { metadata: { actor: "bob" } }),
        (lead) => lead.execute(id, followUp)
      )
      assert.isTrue(Result.isSuccess(first))
      const conflict = conflictOf(second)
      assert.deepStrictEqual([conflict.expected, conflict.actual], [1, 2])
      const [pair] = conflict.pairs
      assert.deepStrictEqual<unknown>(pair!.mine, { _tag: "FollowupSet", on: "2026-12-01" })
      assert.deepStrictEqual<unknown>(pair!.theirs.event, { _tag: "StatusChanged", status: "Closed" })
      assert.strictEqual(pair!.theirs.metadata.actor, "bob")
      assert.include(
        conflict.message,
        "FollowupSet, decided at version 1, collides with StatusChanged by bob at version 2"
      )
      assert.deepStrictEqual(yield* typesOf(id), ["LeadInitialized", "StatusChanged"])
    }))

  it.effect(`of two debits of all there is the second is the domain's to reject, ${name}`, () =>
    Effect.gen(function*() {
      const id = freshId()
      yield* Account.execute(id, { _tag: "Credit", cents: 100 })
      const [first, second] = yield* both(
        (_, account) => account.execute(id, { _tag: "Debit", cents: 100 }),
        (_, account) => account.execute(id, { _tag: "Debit", cents: 100 })
      )
      assert.isTrue(Result.isSuccess(first))
      assert.isTrue(Result.isFailure(second))
      if (Result.isSuccess(second)) return
      assert.instanceOf(second.failure, InsufficientFunds)
      assert.strictEqual((yield* Account.load(id)).state, 0)
    }))

  it.effect(`a debit that meets another is decided again and lands if there is enough, ${name}`, () =>
    Effect.gen(function*() {
      const id = freshId()
      yield* Account.execute(id, { _tag: "Credit", cents: 100 })
      const [, second] = yield* both(
        (_, account) => account.execute(id, { _tag: "Debit", cents: 30 }),
        (_, account) => account.execute(id, { _tag: "Debit", cents: 30 })
      )
      assert.isTrue(Result.isSuccess(second))
      const { state, version } = yield* Account.load(id)
      assert.deepStrictEqual([state, version], [40, 3])
    }))
}

export const racing = (it: It) => {
  races(
    it,
    "in line within a process",
    (first, second) =>
      Effect.all([Effect.result(first(Lead, Account)), Effect.result(second(Lead, Account))], {
        concurrency: "unbounded"
      })
  )

  races(it, "through the store", (first, second) =>
    Effect.gen(function*() {
      const slow = yield* heldAtAppend(Effect.result(second(makeLead("Lead"), makeAccount("Account"))))
      const fast = yield* Effect.result(first(Lead, Account))
      yield* slow.pass
      return [fast, yield* Fiber.join(slow.fiber)] as const
    }))
}
