/**
 * The typed event store: appends under a condition, reads streams, and follows the log. Given by a Layer.
 *
 * @since 0.1.0
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Context from "effect/Context"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as AppendCondition from "./AppendCondition.ts"
import type { Tagged } from "./Decider.ts"
import type { EventCodec } from "./EventCodec.ts"
import type { EventStoreDriver } from "./EventStoreDriver.ts"
import type { EventStoreError } from "./EventStoreError.ts"
import * as Reading from "./internal/reading.ts"
import * as Writing from "./internal/writing.ts"
import type { Metadata } from "./Metadata.ts"
import type { RecordedEvent } from "./RecordedEvent.ts"
import * as StreamId from "./StreamId.ts"

/**
 * Where typed events come from: a category of streams and the codec of its events. Every aggregate is one.
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
 * @category models
 * @since 0.1.0
 */
export type EventOf<Sources extends EventSources> = Sources[number] extends EventSource<infer Event> ? Event : never

/**
 * Events that are in the stream now, and those that were there before them although the writer had not seen them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Appended<out Event> {
  readonly stream: StreamId.StreamId
  /** The version of the stream after the append. */
  readonly version: number
  /** The position of the last event appended, to wait for when reading one's own writes. */
  readonly position: number
  readonly events: ReadonlyArray<RecordedEvent<Event>>
  readonly missed: ReadonlyArray<RecordedEvent<Event>>
}

/**
 * The stream was not as the append demanded. Nothing was appended.
 *
 * @category errors
 * @since 0.1.0
 */
export class AppendConditionFailed<Event extends Tagged> extends Data.TaggedError("AppendConditionFailed")<{
  readonly stream: StreamId.StreamId
  readonly condition: AppendCondition.AppendCondition
  /** The true version of the stream; 0 if it does not exist. */
  readonly actual: number
  readonly missed: ReadonlyArray<RecordedEvent<Tagged>>
}> {
  declare readonly missed: ReadonlyArray<RecordedEvent<Event>>

  override get message(): string {
    return `${StreamId.format(this.stream)}: expected ${AppendCondition.format(this.condition)}, ` +
      `but the stream is at version ${this.actual}`
  }
}

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

/**
 * The event store.
 *
 * **When to use**
 *
 * Commands are best executed through an aggregate. Use the store itself to follow the log, and to append what was not
 * decided here, such as imported history.
 *
 * @category services
 * @since 0.1.0
 */
export class EventStore extends Context.Service<EventStore, {
  /** Appends all events or none, if the condition (by default: none) holds. */
  readonly append: <Event extends Tagged>(
    source: EventSource<Event>,
    id: string,
    events: ReadonlyArray<NoInfer<Event>>,
    options?: {
      readonly condition?: AppendCondition.AppendCondition | undefined
      readonly metadata?: Metadata | undefined
    }
  ) => Effect.Effect<Appended<Event>, AppendConditionFailed<Event> | EventStoreError>

  /** The events of one stream, by version. `after` leaves out that version and all before it. */
  readonly read: <Event extends Tagged>(
    source: EventSource<Event>,
    id: string,
    options?: { readonly after?: number | undefined }
  ) => Stream.Stream<RecordedEvent<Event>, EventStoreError>

  /** The version of a stream; 0 if it does not exist. */
  readonly version: (source: EventSource, id: string) => Effect.Effect<number, EventStoreError>

  /** The events of these sources in the order of the log, up to where the log ends now. */
  readonly readAll: <const Sources extends EventSources>(
    sources: Sources,
    options?: LogOptions
  ) => Stream.Stream<RecordedEvent<EventOf<Sources>>, EventStoreError>

  /** The events of these sources in the order of the log: first those that are there, then those to come, for ever. */
  readonly subscribe: <const Sources extends EventSources>(
    sources: Sources,
    options?: LogOptions
  ) => Stream.Stream<RecordedEvent<EventOf<Sources>>, EventStoreError>

  /** Whether the calling fiber's appends may still be undone, because it is inside a transaction of its own. */
  readonly inTransaction: Effect.Effect<boolean>
}>()("refold/EventStore") {}

/**
 * Builds the typed store on an engine's driver.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (driver: EventStoreDriver): EventStore["Service"] => {
  const ids = SecureRandom.make((size) => globalThis.crypto.getRandomValues(new Uint8Array(size)))
  return {
    append: Writing.append(driver, ids),
    read: Reading.stream(driver),
    version: Reading.version(driver),
    readAll: Reading.log(driver, { follow: false }),
    subscribe: Reading.log(driver, { follow: true }),
    inTransaction: driver.inTransaction
  }
}

/**
 * {@link EventStore} `append`, from the context.
 *
 * @category accessors
 * @since 0.1.0
 */
export const append = <Event extends Tagged>(
  source: EventSource<Event>,
  id: string,
  events: ReadonlyArray<NoInfer<Event>>,
  options?: {
    readonly condition?: AppendCondition.AppendCondition | undefined
    readonly metadata?: Metadata | undefined
  }
): Effect.Effect<Appended<Event>, AppendConditionFailed<Event> | EventStoreError, EventStore> =>
  Effect.flatMap(EventStore, (store) => store.append(source, id, events, options))

/**
 * {@link EventStore} `read`, from the context.
 *
 * @category accessors
 * @since 0.1.0
 */
export const read = <Event extends Tagged>(
  source: EventSource<Event>,
  id: string,
  options?: { readonly after?: number | undefined }
): Stream.Stream<RecordedEvent<Event>, EventStoreError, EventStore> =>
  Stream.unwrap(Effect.map(EventStore, (store) => store.read(source, id, options)))

/**
 * {@link EventStore} `readAll`, from the context.
 *
 * @category accessors
 * @since 0.1.0
 */
export const readAll = <const Sources extends EventSources>(
  sources: Sources,
  options?: LogOptions
): Stream.Stream<RecordedEvent<EventOf<Sources>>, EventStoreError, EventStore> =>
  Stream.unwrap(Effect.map(EventStore, (store) => store.readAll(sources, options)))

/**
 * {@link EventStore} `subscribe`, from the context.
 *
 * @category accessors
 * @since 0.1.0
 */
export const subscribe = <const Sources extends EventSources>(
  sources: Sources,
  options?: LogOptions
): Stream.Stream<RecordedEvent<EventOf<Sources>>, EventStoreError, EventStore> =>
  Stream.unwrap(Effect.map(EventStore, (store) => store.subscribe(sources, options)))
