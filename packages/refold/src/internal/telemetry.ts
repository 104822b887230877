import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import type { Conflict } from "../Conflict.ts"
import type { Tagged } from "../Decider.ts"
import type { Appended } from "../RecordedEvent.ts"
import type { StreamId } from "../StreamId.ts"

/*
 * What can be seen from outside: counters in Effect's own registry, and spans, which are made only for those who trace: in
 * a fiber that has a tracer of its own, or runs within a span.
 */

/** What becomes of the commands of one aggregate. */
export const make = (category: string) => {
  const counter = (name: string, description: string, attributes?: Readonly<Record<string, string>>) =>
    Metric.counter(name, { description, incremental: true, attributes: { category, ...attributes } })
  const commands = (outcome: string) => counter("refold_commands", "Commands, by what became of them", { outcome })
  const states = (found: string) =>
    counter("refold_states", "States that commands began with: remembered, or read from the store", { found })

  const outcomes = {
    appended: commands("appended"),
    unchanged: commands("unchanged"),
    rejected: commands("rejected"),
    conflict: commands("conflict")
  }
  const found = { remembered: states("remembered"), read: states("read") }
  const events = counter("refold_events_appended", "Events that commands appended")
  const placements = counter("refold_placements", "Commands whose events were placed after events they had missed")
  const retries = counter("refold_retries", "Appends that were refused, after which the command was decided again")
  const pairs = new Map<string, Metric.Counter<number>>()

  const conflicts = (mine: string, theirs: string) => {
    const key = JSON.stringify([mine, theirs])
    let metric = pairs.get(key)
    if (metric === undefined) {
      metric = counter("refold_conflicts", "Pairs of events that collided", { mine, theirs })
      pairs.set(key, metric)
    }
    return metric
  }

  return {
    answered: (outcome: "unchanged" | "rejected", context: Context.Context<never>) =>
      outcomes[outcome].updateUnsafe(1, context),
    landed: (appended: Appended<unknown>, context: Context.Context<never>) => {
      outcomes.appended.updateUnsafe(1, context)
      events.updateUnsafe(appended.events.length, context)
      if (appended.missed.length > 0) placements.updateUnsafe(1, context)
    },
    collided: <Event extends Tagged>({ pairs }: Conflict<Event>, context: Context.Context<never>) => {
      outcomes.conflict.updateUnsafe(1, context)
      for (const { mine, theirs } of pairs) conflicts(mine._tag, theirs.event._tag).updateUnsafe(1, context)
    },
    began: (from: "remembered" | "read", context: Context.Context<never>) => found[from].updateUnsafe(1, context),
    retried: (context: Context.Context<never>) => retries.updateUnsafe(1, context)
  }
}

/** The counters of one aggregate. */
export type Telemetry = ReturnType<typeof make>

/** Whether anybody looks at the spans of a fiber. */
export const isTraced = ({ cache: { span, tracer, tracerEnabled } }: Fiber.Fiber<unknown, unknown>): boolean =>
  tracerEnabled && (tracer !== undefined || span !== undefined)

/** A span for what is done to a stream. */
export const traced = <A, E, R>(
  name: "execute" | "load" | "decide" | "append",
  stream: StreamId,
  attributes: Readonly<Record<string, unknown>>,
  self: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withSpan(self, `refold.${name}`, {
    captureStackTrace: false,
    attributes: {
      "refold.tenant": stream.tenant,
      "refold.category": stream.category,
      "refold.stream": stream.id,
      ...attributes
    }
  })
