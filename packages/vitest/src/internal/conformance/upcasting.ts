import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import { EventStore } from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import * as Projection from "refold/Projection"
import type { RecordedEvent } from "refold/RecordedEvent"
import { conflictOf, freshId, freshIds, heldAtAppend, type It } from "./fixtures.ts"
import { changeAddress, deposit, depositOld, makeNew, makeOld, move, rename } from "./releases.ts"
import { observed } from "./tally.ts"

const reasonOf = <R>(self: Effect.Effect<unknown, unknown, R>) =>
  Effect.map(Effect.flip(self), (error) => {
    assert.instanceOf(error, EventStoreError)
    return error.reason
  })

/** An account that the old release has written, and nobody in this process has seen. */
const written = Effect.gen(function*() {
  const category = `Upcasting-${freshId()}`
  const old = makeOld(category)
  yield* old.execute("1", depositOld(5))
  yield* old.execute("1", move("Main Street 1"))
  yield* old.execute("1", rename("Ann"))
  return { category, store: yield* EventStore, old, account: makeNew(category) }
})

/** How its events are read today. */
const today = [
  ["Deposited", 1, { _tag: "Deposited", cents: 500, currency: "EUR" }],
  ["Moved", 1, { _tag: "AddressChanged", lines: ["Main Street 1"] }],
  ["Renamed", 1, { _tag: "Renamed", name: "Ann" }]
] as const
const state = ["Deposited 500 EUR", "AddressChanged Main Street 1", "Renamed Ann"]

const inShort = (events: ReadonlyArray<RecordedEvent<unknown>>) =>
  events.map(({ event, schemaVersion, type }) => [type, schemaVersion, event])

export const upcasting = (it: It) => {
  it.effect("events that an earlier release has stored are read as those of today, wherever events are read", () =>
    Effect.gen(function*() {
      const { account, category, store } = yield* written
      const resumed = yield* store.resume(account, "1")
      const refusal = yield* Effect.flip(store.append(account, "1", [], { condition: AppendCondition.noStream }))
      const refusals = yield* Effect.flip(
        store.appendAll([{ source: account, id: "1", events: [], condition: AppendCondition.noStream }])
      )
      assert.instanceOf(refusal, AppendCondition.AppendConditionFailed)
      assert.instanceOf(refusals, AppendCondition.AppendConditionsFailed)
      const handled: Array<RecordedEvent<unknown>> = []
      const projection = Projection.make(category, {
        version: 1,
        from: [account],
        handle: (events) => Effect.sync(() => handled.push(...events))
      })
      yield* Projection.catchUp(projection)
      const all = {
        read: yield* Stream.runCollect(store.read(account, "1")),
        readAll: yield* Stream.runCollect(store.readAll([account])),
        subscribe: yield* Stream.runCollect(Stream.take(store.subscribe([account]), 3)),
        resume: yield* Stream.runCollect(resumed.events),
        refused: refusal.missed,
        "all refused": refusals.failures[0].missed,
        projection: handled,
        missed: (yield* makeNew(category).execute("1", deposit(1), { seen: 0 })).missed
      }
      for (const [how, events] of Object.entries(all)) assert.deepStrictEqual<unknown>(inShort(events), today, how)
      assert.deepStrictEqual((yield* makeNew(category).load("1", { version: 3 })).state, state)
      const latest = yield* makeNew(category).load("1")
      assert.deepStrictEqual(latest.state, [...state, "Deposited 1 EUR"])
    }))

  it.effect("a missed event of an earlier shape meets the conflict table as the event of today", () =>
    Effect.gen(function*() {
      const { category } = yield* written
      const execute = (command: Parameters<ReturnType<typeof makeNew>["execute"]>[1]) =>
        Effect.result(makeNew(category).execute("1", command, { seen: 0 }))
      const moved = conflictOf(yield* execute(changeAddress("Side Street 2")))
      assert.deepStrictEqual<unknown>(moved.pairs.map(({ theirs }) => inShort([theirs])), [[today[1]]])
      const deposited = conflictOf(yield* execute(deposit(1, "USD")))
      assert.deepStrictEqual<unknown>(deposited.pairs.map(({ theirs }) => inShort([theirs])), [[today[0]]])
      assert.strictEqual((yield* execute(deposit(1, "EUR")))._tag, "Success")
    }))

  it.effect("what an earlier release, still running, appends meanwhile is let through in one append if it commutes", () =>
    Effect.gen(function*() {
      const { account, old } = yield* written
      yield* account.load("1")
      let appends = 0
      const slow = yield* heldAtAppend(Effect.gen(function*() {
        const store = yield* EventStore
        const counted: EventStore["Service"] = {
          ...store,
          append: (...args) => {
            appends++
            return store.append(...args)
          }
        }
        return yield* Effect.provideService(account.execute("1", rename("Bea"), { seen: 3 }), EventStore, counted)
      }))
      yield* old.execute("1", move("Side Street 2"))
      yield* old.execute("1", depositOld(7))
      yield* slow.pass
      const { missed, version } = yield* Fiber.join(slow.fiber)
      assert.deepStrictEqual([version, appends], [6, 1])
      assert.deepStrictEqual<unknown>(inShort(missed), [
        ["Moved", 1, { _tag: "AddressChanged", lines: ["Side Street 2"] }],
        ["Deposited", 1, { _tag: "Deposited", cents: 700, currency: "EUR" }]
      ])
      assert.deepStrictEqual((yield* account.load("1")).state.slice(3), [
        "AddressChanged Side Street 2",
        "Deposited 700 EUR",
        "Renamed Bea"
      ])
    }))

  it.effect("what an earlier release, still running, appends meanwhile is a conflict if it collides", () =>
    Effect.gen(function*() {
      const { account, old } = yield* written
      const slow = yield* heldAtAppend(Effect.result(account.execute("1", changeAddress("Harbour 3"), { seen: 3 })))
      yield* old.execute("1", move("Side Street 2"))
      yield* slow.pass
      const { pairs } = conflictOf(yield* Fiber.join(slow.fiber))
      assert.deepStrictEqual<unknown>(pairs.map(({ theirs }) => theirs.event), [
        { _tag: "AddressChanged", lines: ["Side Street 2"] }
      ])
    }))

  it.effect("a state that was folded from other shapes is not taken for one of today; the tail after one of today is upcast", () =>
    Effect.gen(function*() {
      const category = `Upcasting-${freshId()}`
      const snapshots = { every: 2, version: 1 }
      yield* makeOld(category, snapshots).execute("1", depositOld(1))
      yield* makeOld(category, snapshots).execute("1", depositOld(2))
      const first = yield* observed(makeNew(category, snapshots).execute("1", deposit(300)))
      assert.deepStrictEqual([first.events, first.saved], [2, [3]])
      const store = yield* EventStore
      yield* store.append(makeOld(category), "1", [{ _tag: "Moved", street: "Main Street 1" }])
      const second = yield* observed(makeNew(category, snapshots).load("1"))
      assert.deepStrictEqual([second.events, second.result.state], [
        1,
        ["Deposited 100 EUR", "Deposited 200 EUR", "Deposited 300 EUR", "AddressChanged Main Street 1"]
      ])
    }))

  it.effect("an append that an earlier release has made is not made again by a later one under the same event ids", () =>
    Effect.gen(function*() {
      const category = `Upcasting-${freshId()}`
      const store = yield* EventStore
      const [old, account] = [makeOld(category), makeNew(category)]
      const eventIds = freshIds(2)
      const first = yield* store.append(
        old,
        "1",
        [{ _tag: "Deposited", amount: 5 }, { _tag: "Moved", street: "Main Street 1" }],
        { eventIds }
      )
      const again = (cents: number) =>
        store.append(
          account,
          "1",
          [{ _tag: "Deposited", cents, currency: "EUR" }, { _tag: "AddressChanged", lines: ["Main Street 1"] }],
          { eventIds }
        )
      const { position, repeated, version } = yield* again(500)
      assert.deepStrictEqual([position, repeated, version], [first.position, true, 2])
      assert.strictEqual((yield* reasonOf(again(501)))._tag, "EventIdTaken")
      assert.strictEqual(yield* store.version(account, "1"), 2)
    }))

  it.effect("an append that a later release has made is refused to an earlier one, which cannot tell what it is", () =>
    Effect.gen(function*() {
      const category = `Upcasting-${freshId()}`
      const store = yield* EventStore
      const eventIds = freshIds(1)
      yield* store.append(makeNew(category), "1", [{ _tag: "Deposited", cents: 500, currency: "EUR" }], { eventIds })
      const again = store.append(makeOld(category), "1", [{ _tag: "Deposited", amount: 5 }], { eventIds })
      assert.strictEqual((yield* reasonOf(again))._tag, "EventIdTaken")
      assert.strictEqual(yield* store.version(makeOld(category), "1"), 1)
    }))

  it.effect("an event in a shape from the future fails an earlier release with what to do, and is there for the later one", () =>
    Effect.gen(function*() {
      const { account, category, old, store } = yield* written
      yield* old.execute("2", depositOld(1))
      const { position } = yield* account.execute("1", deposit(700))
      const handled: Array<unknown> = []
      const projection = (from: typeof old | typeof account) =>
        Projection.make(category, {
          version: 1,
          from: [from],
          handle: (events) => Effect.sync(() => handled.push(...events.map(({ event }) => event)))
        })
      const fails = {
        load: old.load("1"),
        execute: old.execute("1", rename("Bea")),
        read: Stream.runCollect(store.read(old, "1")),
        subscribe: Stream.runDrain(store.subscribe([old])),
        projection: Projection.catchUp(projection(old))
      }
      for (const [how, effect] of Object.entries(fails)) {
        const reason = yield* reasonOf(effect)
        assert.strictEqual(reason._tag, "UnreadableEvent", how)
        if (reason._tag !== "UnreadableEvent") continue
        assert.deepStrictEqual([reason.position, reason.type, reason.schemaVersion], [position, "Deposited", 2], how)
        assert.include(reason.message, `schema version 2 of "Deposited" is unknown; was it written by a newer release?`)
      }
      assert.deepStrictEqual((yield* old.load("2")).state, ["Deposited 1"])
      assert.strictEqual(yield* Projection.catchUp(projection(account)), position)
      assert.deepStrictEqual(handled.at(-1), { _tag: "Deposited", cents: 700, currency: "EUR" })
      assert.strictEqual(yield* store.version(account, "1"), 4)
    }))

  it.effect("an earlier release lands on an event in a shape from the future if the type commutes, and then has to stop", () =>
    Effect.gen(function*() {
      const { account, old, store } = yield* written
      yield* old.load("1")
      const slow = yield* heldAtAppend(old.execute("1", rename("Bea"), { seen: 3 }))
      yield* account.execute("1", deposit(700))
      yield* slow.pass
      const { missed, version } = yield* Fiber.join(slow.fiber)
      assert.deepStrictEqual([version, missed], [5, []])
      assert.strictEqual((yield* reasonOf(old.execute("1", rename("Cy"))))._tag, "UnreadableEvent")
      assert.strictEqual(yield* store.version(account, "1"), 5)
      assert.deepStrictEqual((yield* account.load("1")).state.slice(3), ["Deposited 700 EUR", "Renamed Bea"])
    }))
}
