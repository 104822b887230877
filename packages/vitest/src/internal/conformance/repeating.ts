import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import { EventStore } from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import type { Metadata } from "refold/Metadata"
import { Account, closed, credited, freshId, freshIds, type It, Lead, renamed } from "./fixtures.ts"

const reasonOf = <R>(self: Effect.Effect<unknown, unknown, R>) =>
  Effect.map(Effect.flip(self), (error) => {
    assert.instanceOf(error, EventStoreError)
    return error.reason
  })

/** Two events that are in a new stream under these ids. */
const appended = Effect.gen(function*() {
  const store = yield* EventStore
  const [id, eventIds] = [freshId(), freshIds(2)]
  const first = yield* store.append(Lead, id, [renamed("Ann"), closed], { eventIds })
  return { store, id, eventIds, first }
})

export const repeating = (it: It) => {
  it.effect("an append that is repeated under the same event ids is told where it was put, and not put there again", () =>
    Effect.gen(function*() {
      const { eventIds, first, id, store } = yield* appended
      assert.isFalse(first.repeated)
      assert.deepStrictEqual(first.events.map((event) => event.id), eventIds)
      yield* store.append(Lead, id, [renamed("Bea")])
      const again = yield* store.append(Lead, id, [renamed("Ann"), closed], { eventIds })
      assert.deepStrictEqual(again, { ...first, repeated: true })
      assert.strictEqual(yield* store.version(Lead, id), 3)
    }))

  it.effect("a repeated append succeeds although its condition has ceased to hold, and tells what it missed the first time", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      const conditions = [
        [AppendCondition.noStream, []],
        [AppendCondition.at(1), []],
        [AppendCondition.onlySince(1, ["NameChanged"]), [2]]
      ] as const
      for (const [index, [condition, missed]] of conditions.entries()) {
        const [eventId] = freshIds(1)
        const append = store.append(Lead, id, [renamed("Ann")], { condition, eventIds: [eventId!] })
        const first = yield* append
        assert.deepStrictEqual([first.version, first.missed.map(({ version }) => version)], [index + 1, missed])
        yield* store.append(Lead, freshId(), [closed])
        assert.deepStrictEqual(yield* append, { ...first, repeated: true })
      }
      yield* store.append(Lead, id, [closed])
      const stale = yield* Effect.flip(store.append(Lead, id, [renamed("Bea")], {
        condition: AppendCondition.at(1),
        eventIds: freshIds(1)
      }))
      assert.instanceOf(stale, AppendCondition.AppendConditionFailed)
    }))

  it.effect("event ids that were used for anything else are refused, with where they were used", () =>
    Effect.gen(function*() {
      const { eventIds, id, store } = yield* appended
      const [one, two] = eventIds as [string, string]
      const [unused] = freshIds(1) as [string]
      const different = {
        "other data": store.append(Lead, id, [renamed("Bea"), closed], { eventIds }),
        "another type": store.append(Lead, id, [renamed("Ann"), renamed("Ann")], { eventIds }),
        "another order": store.append(Lead, id, [closed, renamed("Ann")], { eventIds: [two, one] }),
        "ids in another order": store.append(Lead, id, [renamed("Ann"), closed], { eventIds: [two, one] }),
        "another stream": store.append(Lead, freshId(), [renamed("Ann"), closed], { eventIds }),
        "another category": store.append(Account, id, [credited(1), credited(2)], { eventIds }),
        "more events": store.append(Lead, id, [renamed("Ann"), closed, closed], { eventIds: [one, two, unused] }),
        "an event before": store.append(Lead, id, [closed, renamed("Ann"), closed], { eventIds: [unused, one, two] }),
        "only some of the ids": store.append(Lead, id, [renamed("Ann"), closed], { eventIds: [unused, two] })
      }
      for (const [what, append] of Object.entries(different)) {
        const reason = yield* reasonOf(append)
        assert.strictEqual(reason._tag, "EventIdTaken", what)
        if (reason._tag !== "EventIdTaken") continue
        assert.include(eventIds, reason.eventId, what)
        const version = eventIds.indexOf(reason.eventId) + 1
        assert.deepStrictEqual([reason.usedAt?.stream.id, reason.usedAt?.version], [id, version], what)
      }
      assert.strictEqual(yield* store.version(Lead, id), 2)
      assert.strictEqual(yield* store.version(Account, id), 0)
    }))

  it.effect("an event id that was used for an event of another type with the same data is refused", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const [id, eventIds] = [freshId(), freshIds(1)]
      yield* store.append(Account, id, [credited(1)], { eventIds })
      const reason = yield* reasonOf(store.append(Account, id, [{ _tag: "Debited", cents: 1 }], { eventIds }))
      assert.strictEqual(reason._tag, "EventIdTaken")
      assert.include(reason.message, `Debited cannot be appended under the id ${eventIds[0]}: `)
      assert.include(reason.message, `for version 1 of Account-${id}`)
    }))

  it.effect("a repeated append may carry other metadata, which is not stored", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const [id, eventIds] = [freshId(), freshIds(1)]
      const append = (metadata: Metadata) => store.append(Lead, id, [closed], { eventIds, metadata })
      yield* append({ custom: { attempt: 1 } })
      assert.isTrue((yield* append({ custom: { attempt: 2 } })).repeated)
      const events = yield* Stream.runCollect(store.read(Lead, id))
      assert.deepStrictEqual(events.map(({ metadata }) => metadata.custom), [{ attempt: 1 }])
    }))

  it.effect("event ids are the same in capitals", () =>
    Effect.gen(function*() {
      const { eventIds, id, store } = yield* appended
      const capitals = eventIds.map((eventId) => eventId.toUpperCase())
      const again = yield* store.append(Lead, id, [renamed("Ann"), closed], { eventIds: capitals })
      assert.isTrue(again.repeated)
      assert.deepStrictEqual(again.events.map((event) => event.id), eventIds)
    }))

  it.effect("event ids that are no UUIDs, too few, too many or the same are refused, and nothing is stored", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const [id, eventIds] = [freshId(), freshIds(2)]
      const [one] = eventIds as [string]
      const wrong: ReadonlyArray<readonly [ids: ReadonlyArray<string>, problem: string]> = [
        [[], "2 events need as many eventIds, not 0"],
        [[one], "2 events need as many eventIds, not 1"],
        [[...eventIds, ...freshIds(1)], "2 events need as many eventIds, not 3"],
        [[one, "1"], `its id "1" is not a UUID`],
        [[one, ` ${one}`], "is not a UUID"],
        [[one, one], "two events have the same id"],
        [[one, one.toUpperCase()], "two events have the same id"]
      ]
      for (const [eventIds, problem] of wrong) {
        const reason = yield* reasonOf(store.append(Lead, id, [renamed("Ann"), closed], { eventIds }))
        assert.strictEqual(reason._tag, "InvalidEvent")
        assert.include(reason.message, problem)
      }
      assert.strictEqual((yield* reasonOf(store.append(Lead, id, [], { eventIds })))._tag, "InvalidEvent")
      assert.strictEqual(yield* store.version(Lead, id), 0)
    }))

  for (
    const [name, condition] of [["", AppendCondition.any], [
      " on the condition that there is no stream",
      AppendCondition.noStream
    ]] as const
  ) {
    it.effect(`of twenty fibers that make the same append${name}, one does it and all succeed`, () =>
      Effect.gen(function*() {
        const store = yield* EventStore
        const [id, eventIds] = [freshId(), freshIds(2)]
        const append = store.append(Lead, id, [renamed("Ann"), closed], { condition, eventIds })
        const all = yield* Effect.all(Array.from({ length: 20 }, () => append), { concurrency: "unbounded" })
        assert.strictEqual(all.filter(({ repeated }) => !repeated).length, 1)
        const [{ position }] = all as [(typeof all)[number]]
        for (const one of all) assert.deepStrictEqual([one.version, one.position], [2, position])
        assert.strictEqual(yield* store.version(Lead, id), 2)
      }))
  }
}
