/**
 * Where typed events come from: which categories of streams, and from which place in the log.
 *
 * @since 0.1.0
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Tagged } from "./Decider.ts"
import type { EventCodec } from "./EventCodec.ts"
import type { RecordedEvent } from "./RecordedEvent.ts"

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
export interface LogOptions<out Event extends Tagged = Tagged> {
  /** Only events with a greater position; 0, the default, is the beginning. */
  readonly after?: number | undefined
  /** Only events of these types; of all by default. */
  readonly types?: ReadonlyArray<Event["_tag"]> | undefined
  /** Whose events: those of the tenant of the calling fiber, which is the default, or of all. */
  readonly tenants?: "current" | "all" | undefined
  /** How many events are fetched at a time, at most; 1,000 by default. Fewer, where they are large. */
  readonly pageSize?: number | undefined
}

/**
 * The same for those who handle batches and keep their place.
 *
 * @category models
 * @since 0.1.0
 */
export interface BatchOptions<out Event extends Tagged = Tagged> extends LogOptions<Event> {
  /** Whether to wait for what is to come, instead of ending where the log does now. */
  readonly follow: boolean
  /**
   * How many events a batch may have, if that is more than a page: full pages that follow each other go together, up to
   * about four million characters of JSON; by default each is a batch.
   */
  readonly batchSize?: number | undefined
  /** Nothing after this position. */
  readonly upTo?: number | undefined
  /** Only a share of the streams: this one, counted from 0, of so many. */
  readonly partition?: { readonly index: number; readonly of: number } | undefined
}

/**
 * Events in the order of the log, and how far the log has been looked through for them: to go on, read `after` that.
 *
 * @category models
 * @since 0.1.0
 */
export interface LogBatch<out Event extends Tagged> {
  readonly events: ReadonlyArray<RecordedEvent<Event>>
  readonly end: number
}
