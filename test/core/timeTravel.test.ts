import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Aggregate from "refold/Aggregate"
import * as MemoryEventStore from "refold/MemoryEventStore"
import type { SnapshotOptions } from "refold/Snapshots"

const makeDiary = (snapshots?: SnapshotOptions) =>
  Aggregate.make("Diary", {
    command: Schema.TaggedUnion({ Write: { page: Schema.String } }),
    event: Schema.TaggedUnion({ Written: { page: Schema.String } }),
    state: Schema.Array(Schema.String),
    initial: [],
    decide: ({ page }) => [{ _tag: "Written", page }],
    evolve: (pages, { page }) => [...pages, page],
    conflicts: "commutes",
    snapshots
  })

describe("a state as it was at an instant", () => {
  for (const [how, snapshots] of [["events alone", undefined], ["a snapshot", { every: 1, version: 1 }]] as const) {
    it.effect(`is that before an event recorded later, even if the clock was set back after it, from ${how}`, () =>
      Effect.gen(function*() {
        const writer = makeDiary(snapshots)
        for (const [minute, page] of [[10, "a"], [20, "b"], [15, "c"]] as const) {
          yield* TestClock.setTime(minute * 60_000)
          yield* writer.execute("1", { _tag: "Write", page })
        }
        const at = (minute: number) =>
          Effect.map(
            makeDiary(snapshots).load("1", { at: DateTime.makeUnsafe(minute * 60_000) }),
            ({ state }) => state.join("")
          )
        assert.deepStrictEqual(yield* Effect.forEach([9, 10, 15, 17, 20], at), ["", "a", "a", "a", "abc"])
      }).pipe(Effect.provide(MemoryEventStore.layer)))
  }
})
