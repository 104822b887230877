import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Tracer from "effect/Tracer"
import type * as EventStore from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"
import { makeLead } from "./programs.ts"

/** All that was counted while it ran. */
const counted = <A, E>(self: Effect.Effect<A, E, EventStore.EventStore>) =>
  self.pipe(
    Effect.andThen(Metric.snapshot),
    Effect.map((metrics) =>
      Object.fromEntries(metrics.flatMap(({ attributes, id, state }) => {
        const { category: _, ...others } = attributes ?? {}
        return id.startsWith("refold_") && "count" in state && state.count !== 0
          ? [[[id, ...Object.values(others)].join(" "), Number(state.count)]]
          : []
      }))
    ),
    Effect.provideService(Metric.MetricRegistry, new Map()),
    Effect.provide(MemoryEventStore.layer)
  )

const spans: Array<Tracer.Span> = []
const tracer = Tracer.make({
  span: (options) => {
    const span = new Tracer.NativeSpan(options)
    spans.push(span)
    return span
  }
})

describe("telemetry", () => {
  it.live("counts what became of commands, and which events collided", () =>
    Effect.gen(function*() {
      const lead = makeLead()
      const counts = yield* counted(Effect.gen(function*() {
        yield* lead.execute("1", { _tag: "Initialize", name: "Ann" })
        yield* lead.execute("1", { _tag: "Initialize", name: "Ann" })
        yield* lead.execute("1", { _tag: "ChangeStatus", status: "Closed" })
        yield* lead.execute("1", { _tag: "ChangeName", name: "Bea" }, { seen: 1 })
        yield* Effect.flip(lead.execute("1", { _tag: "SetFollowup", on: "Monday" }, { seen: 1 }))
        yield* Effect.flip(lead.execute("2", { _tag: "ChangeName", name: "Bea" }))
      }))
      assert.deepStrictEqual(counts, {
        "refold_commands appended": 3,
        "refold_commands unchanged": 1,
        "refold_commands rejected": 1,
        "refold_commands conflict": 1,
        "refold_events_appended": 3,
        "refold_placements": 1,
        "refold_conflicts FollowupSet StatusChanged": 1,
        "refold_states read": 4,
        "refold_states remembered": 2
      })
    }))

  it.live("has spans for those who trace", () =>
    Effect.gen(function*() {
      spans.length = 0
      const lead = makeLead()
      yield* lead.execute("1", { _tag: "Initialize", name: "Ann" }).pipe(
        Effect.andThen(lead.load("1")),
        Effect.withTracer(tracer),
        Effect.provide(MemoryEventStore.layer)
      )
      assert.deepStrictEqual(
        spans.map(({ name }) => name),
        ["refold.execute", "refold.decide", "refold.append", "refold.load"]
      )
      const attributes = Object.fromEntries(spans[0]!.attributes)
      assert.deepStrictEqual(attributes, {
        "refold.tenant": "default",
        "refold.category": "Lead",
        "refold.stream": "1",
        "refold.command": "Initialize",
        "refold.version": 1,
        "refold.missed": 0,
        "refold.attempts": 1
      })
    }))
})
