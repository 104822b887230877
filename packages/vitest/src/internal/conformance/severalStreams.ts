import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import * as EventStore from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import {
  Account,
  closed,
  credited,
  freshId,
  freshIds,
  type It,
  Lead,
  makeAccount,
  makeLead,
  renamed
} from "./fixtures.ts"

const { appendTo } = EventStore

const versions = Effect.fnUntraced(function*(...ids: ReadonlyArray<string>) {
  const store = yield* EventStore.EventStore
  return yield* Effect.forEach(ids, (id) => Effect.zip(store.version(Lead, id), store.version(Account, id)))
})

export const severalStreams = (it: It) => {
  it.effect("appends to several streams happen together, at positions in the order in which they were named", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const [lead, account] = [makeLead(`Lead-${freshId()}`), makeAccount(`Account-${freshId()}`)]
      yield* store.append(lead, "a", [renamed("Ann")])
      const [b, debits, a] = yield* store.appendAll([
        appendTo(lead, "b", [renamed("Bea"), closed], { condition: AppendCondition.noStream }),
        appendTo(account, "a", [credited(1), credited(2)]),
        appendTo(lead, "a", [closed], { condition: AppendCondition.at(1) })
      ], { metadata: { actor: "ann" } })
      assert.deepStrictEqual([b.version, debits.version, a.version], [2, 2, 2])
      const all = [...b.events, ...debits.events, ...a.events]
      assert.deepStrictEqual(all.map(({ position }) => position), all.map((_, index) => all[0]!.position + index))
      const log = yield* Stream.runCollect(store.readAll([lead, account]))
      assert.deepStrictEqual<ReadonlyArray<unknown>>(log.slice(1), all)
      assert.isTrue(all.every(({ metadata }) => metadata.actor === "ann"))
    }))

  it.effect("each of several appends tells what it missed in its own stream", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const [a, b] = freshIds(2) as [string, string]
      yield* store.append(Lead, a, [renamed("Ann"), renamed("Bea")])
      yield* store.append(Account, b, [credited(1), credited(2), credited(3)])
      const [lead, account] = yield* store.appendAll([
        appendTo(Lead, a, [closed], { condition: AppendCondition.onlySince(1, ["NameChanged"]) }),
        appendTo(Account, b, [credited(4)], { condition: AppendCondition.onlySince(1, ["Credited"]) })
      ])
      assert.deepStrictEqual(lead.missed.map(({ event }) => event), [renamed("Bea")])
      assert.deepStrictEqual(account.missed.map(({ event }) => event), [credited(2), credited(3)])
    }))

  it.effect("if conditions of several appends do not hold, each is told with its own stream, and nothing is stored", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const [a, b, c, d] = freshIds(4) as [string, string, string, string]
      yield* store.append(Lead, a, [renamed("Ann"), closed])
      yield* store.append(Account, b, [credited(1)])
      const error = yield* Effect.flip(store.appendAll([
        appendTo(Lead, c, [renamed("Cy")]),
        appendTo(Lead, a, [closed], { condition: AppendCondition.at(1) }),
        appendTo(Account, b, [credited(2)], { condition: AppendCondition.at(1) }),
        appendTo(Lead, d, [closed], { condition: AppendCondition.streamExists })
      ]))
      assert.instanceOf(error, AppendCondition.AppendConditionsFailed)
      assert.deepStrictEqual(
        error.failures.map(({ actual, condition, missed, stream }) => [
          stream.category,
          stream.id,
          condition,
          actual,
          missed.map(({ event, version }) => [version, event])
        ]),
        [
          ["Lead", a, AppendCondition.at(1), 2, [[2, closed]]],
          ["Lead", d, AppendCondition.streamExists, 0, []]
        ]
      )
      assert.include(error.message, `Lead-${a}: expected version 1, but the stream is at version 2; Lead-${d}: `)
      assert.deepStrictEqual(yield* versions(a, b, c, d), [[2, 0], [0, 1], [0, 0], [0, 0]])
    }))

  it.effect("of several appends, those without events only check their conditions", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const [a, b] = freshIds(2) as [string, string]
      const { position } = yield* store.append(Lead, a, [renamed("Ann")])
      const unless = (condition: AppendCondition.AppendCondition) =>
        store.appendAll([appendTo(Lead, a, [], { condition }), appendTo(Account, b, [credited(1)])])
      const error = yield* Effect.flip(unless(AppendCondition.noStream))
      assert.instanceOf(error, AppendCondition.AppendConditionsFailed)
      assert.deepStrictEqual(error.failures.map(({ actual, stream }) => [stream.id, actual]), [[a, 1]])
      const [lead, account] = yield* unless(AppendCondition.at(1))
      assert.deepStrictEqual([lead.version, lead.position, lead.events], [1, position, []])
      assert.deepStrictEqual([account.version, account.events.length], [1, 1])
      yield* store.appendAll([
        appendTo(Lead, a, [], { condition: AppendCondition.at(1) }),
        appendTo(Account, b, [], { condition: AppendCondition.at(1) })
      ])
      assert.deepStrictEqual(yield* versions(a, b), [[1, 0], [0, 1]])
    }))

  it.effect("no appends at all are done at once, and one is as good as an append", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const id = freshId()
      assert.deepStrictEqual(yield* store.appendAll([]), [])
      const [one] = yield* store.appendAll([appendTo(Lead, id, [closed])])
      assert.deepStrictEqual(yield* Stream.runCollect(store.read(Lead, id)), one.events)
      const error = yield* Effect.flip(
        store.appendAll([appendTo(Lead, id, [closed], { condition: AppendCondition.noStream })])
      )
      assert.instanceOf(error, AppendCondition.AppendConditionsFailed)
    }))

  it.effect("two appends to one stream in one are a fault of the program", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const [a, b] = freshIds(2) as [string, string]
      const exit = yield* Effect.exit(store.appendAll([
        appendTo(Lead, a, [closed]),
        appendTo(Lead, b, [closed]),
        appendTo(makeLead("Lead"), a, [closed])
      ]))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", `two appends to Lead-${a} in one`)
      assert.isTrue(Exit.hasDies(exit))
      assert.deepStrictEqual(yield* versions(a, b), [[0, 0], [0, 0]])
    }))

  it.effect("an event that cannot be stored leaves nothing of the other appends behind", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const [a, b] = freshIds(2) as [string, string]
      const error = yield* Effect.flip(
        store.appendAll([appendTo(Lead, a, [closed]), appendTo(Account, b, [credited(1.5)])])
      )
      assert.instanceOf(error, EventStoreError)
      assert.strictEqual(error.reason._tag, "InvalidEvent")
      assert.deepStrictEqual(yield* versions(a, b), [[0, 0], [0, 0]])
    }))

  it.effect("appends to several streams that are repeated as a whole are told where they were put", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const [a, b, c] = freshIds(3) as [string, string, string]
      const { position } = yield* store.append(Lead, c, [renamed("Cy")])
      const [leadIds, accountIds] = [freshIds(2), freshIds(1)]
      const append = store.appendAll([
        appendTo(Lead, a, [renamed("Ann"), closed], { condition: AppendCondition.noStream, eventIds: leadIds }),
        appendTo(Account, b, [credited(1)], { eventIds: accountIds }),
        appendTo(Lead, c, [], { condition: AppendCondition.at(1) })
      ])
      const first = yield* append
      const [lead, account, checked] = yield* append
      assert.deepStrictEqual([lead, account], [{ ...first[0], repeated: true }, { ...first[1], repeated: true }])
      assert.deepStrictEqual([checked.version, checked.position, checked.repeated], [1, position, true])
      assert.deepStrictEqual(yield* versions(a, b), [[2, 0], [0, 1]])
      const all = yield* Effect.all(Array.from({ length: 20 }, () => append), { concurrency: "unbounded" })
      for (const again of all) assert.deepStrictEqual(again[0], lead)
    }))

  it.effect("appends to several streams of which only a part is there are refused, and nothing is added", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const [a, b] = freshIds(2) as [string, string]
      const [leadIds, accountIds] = [freshIds(1), freshIds(1)]
      yield* store.append(Lead, a, [closed], { eventIds: leadIds })
      for (const eventIds of [accountIds, undefined]) {
        const error = yield* Effect.flip(store.appendAll([
          appendTo(Account, b, [credited(1)], eventIds && { eventIds }),
          appendTo(Lead, a, [closed], { eventIds: leadIds })
        ]))
        assert.instanceOf(error, EventStoreError)
        assert.strictEqual(error.reason._tag, "EventIdTaken")
      }
      assert.deepStrictEqual(yield* versions(a, b), [[1, 0], [0, 0]])
    }))

  it.effect("one event id for two streams is refused", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const [a, b, eventId] = freshIds(3) as [string, string, string]
      const error = yield* Effect.flip(store.appendAll([
        appendTo(Lead, a, [closed], { eventIds: [eventId] }),
        appendTo(Account, b, [credited(1)], { eventIds: [eventId.toUpperCase()] })
      ]))
      assert.instanceOf(error, EventStoreError)
      assert.strictEqual(error.reason._tag, "InvalidEvent")
      assert.include(error.message, "two events have the same id")
      assert.deepStrictEqual(yield* versions(a, b), [[0, 0], [0, 0]])
    }))

  it.effect("of twenty fibers that make the same appends to several new streams, one does it and all succeed", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const [a, b, one, two] = freshIds(4) as [string, string, string, string]
      const condition = AppendCondition.noStream
      const append = store.appendAll([
        appendTo(Lead, a, [closed], { condition, eventIds: [one] }),
        appendTo(Account, b, [credited(1)], { condition, eventIds: [two] })
      ])
      const all = yield* Effect.all(Array.from({ length: 20 }, () => append), { concurrency: "unbounded" })
      assert.strictEqual(all.filter(([{ repeated }]) => !repeated).length, 1)
      assert.strictEqual(new Set(all.map(([{ position }]) => position)).size, 1)
      assert.deepStrictEqual(yield* versions(a, b), [[1, 0], [0, 1]])
    }))
}
