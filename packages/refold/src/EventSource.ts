/**
 * Where typed events come from: which categories of streams, and from which place in the log.
 *
 * @since 0.1.0
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Tagged } from "./Decider.ts"
import type { EventCodec } from "./EventCodec.ts"

/**
 * A category of streams and the codec of their events. Every aggregate is one.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventSource<out Event extends Tagged = Tagged> {
  readonly category: string
  readonly codec: EventCodec<Event>
}

/**
 * The sources to read the log for, and the events they yield together.
 *
 * @category models
 * @since 0.1.0
 */
export type EventSources = NonEmptyReadonlyArray<EventSource>

/**
 * The events of all of these sources.
 *
 * @category utility types
 * @since 0.1.0
 */
export type EventOf<Sources extends EventSources> = Sources[number] extends EventSource<infer Event> ? Event : never

/**
 * Where to read from in the log.
 *
 * @category models
 * @since 0.1.0
 */
export interface LogOptions {
  /** Only events with a greater position; 0, the default, is the beginning. */
  readonly after?: number | undefined
  /** How many events are fetched at a time; 1,000 by default. */
  readonly pageSize?: number | undefined
}
