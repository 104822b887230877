import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import { EventStore } from "refold/EventStore"
import { credited, freshId, type It, Lead, makeAccount, renamed } from "./fixtures.ts"

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

export const limits = (it: It) => {
  it.effect("an event of ten megabytes is read back as it was written", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      const name = "0123456789".repeat(1_000_000)
      yield* store.append(Lead, id, [renamed("Ann"), renamed(name)])
      const events = yield* Stream.runCollect(store.read(Lead, id))
      assert.isTrue(events[1]?.event._tag === "NameChanged" && events[1].event.name === name)
      const missed = yield* store.append(Lead, id, [renamed("Bea")], {
        condition: AppendCondition.onlySince(1, ["NameChanged"])
      })
      assert.deepStrictEqual(missed.missed.map(({ version }) => version), [2])
    }), { timeout: 60_000 })

  it.effect("ten thousand events go in as one append", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const account = makeAccount(`Account-${freshId()}`)
      const all = numbers(10_000)
      const { events, version } = yield* store.append(account, "1", all.map(credited))
      assert.strictEqual(version, 10_000)
      const log = yield* Stream.runCollect(store.readAll([account]))
      assert.deepStrictEqual(log.map(({ event }) => event.cents), all)
      assert.deepStrictEqual(log.map(({ position }) => position), events.map(({ position }) => position))
    }), { timeout: 60_000 })

  it.effect("a stream of 100,000 events is loaded, and appended to", () =>
    Effect.gen(function*() {
      const length = 100_000
      const store = yield* EventStore
      const account = makeAccount(`Account-${freshId()}`)
      const page = numbers(5_000).map(() => credited(1))
      for (let events = 0; events < length; events += page.length) yield* store.append(account, "1", page)
      assert.deepStrictEqual(
        yield* Effect.map(account.load("1"), ({ state, version }) => [state, version]),
        [length, length]
      )
      const { missed, version } = yield* account.execute("1", { _tag: "Debit", cents: length }, {
        seen: length - 3
      })
      assert.deepStrictEqual([version, missed.length], [length + 1, 3])
      const condition = AppendCondition.at(length + 1)
      assert.strictEqual((yield* store.append(account, "1", [credited(1)], { condition })).version, length + 2)
    }), { timeout: 120_000 })
}
