/**
 * What would become of a command on these events: the write path without a store, for tests and for trying things out.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Aggregate, ExecuteOptions } from "./Aggregate.ts"
import type { Conflict } from "./Conflict.ts"
import type { Tagged, Types } from "./Decider.ts"
import * as Deliberation from "./internal/commands/deliberation.ts"
import * as Timelines from "./internal/commands/timelines.ts"
import type { RecordedEvent } from "./RecordedEvent.ts"
import type { StreamId } from "./StreamId.ts"

/**
 * A stream as it stands, with all its events from version 1.
 *
 * @category models
 * @since 0.1.0
 */
export interface History<out Event> {
  readonly stream: StreamId
  readonly events: ReadonlyArray<RecordedEvent<Event>>
}

/**
 * The events that a command would append, and those it would be placed after although it had not seen them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rehearsed<out Event extends Tagged> {
  readonly events: ReadonlyArray<Event>
  readonly missed: ReadonlyArray<RecordedEvent<Event>>
}

/**
 * Decides a command as `Aggregate.execute` does while nobody else is at work: on what it has seen, and then under the
 * verdicts of the conflict table on what it has missed.
 *
 * **When to use**
 *
 * To test an aggregate, or to show what a command would do before it is sent. It is pure: nothing is appended.
 *
 * **Gotchas**
 *
 * Whether the events can be stored, and unique values are free, is for the store to say.
 *
 * @category rehearsing
 * @since 0.1.0
 */
export const execute = <T extends Types>(
  aggregate: Aggregate<T>,
  { events, stream }: History<T["Event"]>,
  command: T["Command"],
  { seen, strict }: Pick<ExecuteOptions, "seen" | "strict"> = {}
): Result.Result<Rehearsed<T["Event"]>, T["Rejection"] | Conflict<T["Event"]>> => {
  const { evolve, initial } = aggregate
  const known = strict ?? seen
  const knew = events.filter(({ version }) => version <= (known ?? Infinity))
  const beginning = Timelines.beginning<T["State"], T["Event"]>(initial)
  const start = Timelines.advance(beginning, knew, evolve)
  Timelines.extend(start, { events: events.slice(knew.length), evolve })
  const self = Deliberation.begin(aggregate, { stream, command, seen: known, strict: strict !== undefined }, start)
  if (start.version !== self.expected) {
    return Result.fail(Deliberation.conflict({ ...self, decision: Result.succeed([]) }))
  }
  const footing = { asked: 0, mayBeBehind: false }
  if (Deliberation.arrive(self, footing) === "collides" || Deliberation.goOn(self, footing) === "collides") {
    return Result.fail(Deliberation.conflict(self))
  }
  return Result.map(self.decision, (events) => ({ events, missed: self.missed }))
}
