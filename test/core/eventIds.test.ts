import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as EventStore from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"
import { makeAccount } from "./programs.ts"

it.live("event ids are UUIDs of version 7, of the time they were made, and grow even within a millisecond", () =>
  Effect.gen(function*() {
    const before = Date.now()
    const credited = Array.from({ length: 20_000 }, () => ({ _tag: "Credited" as const, cents: 50 as const }))
    const { events } = yield* EventStore.append(makeAccount(), "1", credited)
    const ids = events.map(({ id }) => id)
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.deepStrictEqual(ids, ids.toSorted())
    assert.strictEqual(new Set(ids.map((id) => id.slice(19))).size, ids.length)
    const millis = Number.parseInt(ids[0]!.replace("-", "").slice(0, 12), 16)
    assert.isAtLeast(millis, before)
    assert.isAtMost(millis, Date.now())
  }).pipe(Effect.provide(MemoryEventStore.layer)))
