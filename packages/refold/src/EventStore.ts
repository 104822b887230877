/**
 * The typed event store: appends under a condition, reads streams, and follows the log. Given by a Layer.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type {
  AppendCondition,
  AppendConditionFailed,
  AppendConditionsFailed,
  AppendOptions
} from "./AppendCondition.ts"
import type { Tagged } from "./Decider.ts"
import type { BatchOptions, EventOf, EventSource, EventSources, LogBatch, LogOptions } from "./EventSource.ts"
import type { EventStoreDriver, NewSnapshot, StoredSnapshot } from "./EventStoreDriver.ts"
import type { EventStoreError } from "./EventStoreError.ts"
import * as Locking from "./internal/locks/locking.ts"
import * as Discarding from "./internal/store/discarding.ts"
import { streamId } from "./internal/store/naming.ts"
import * as Reading from "./internal/store/reading.ts"
import * as Resuming from "./internal/store/resuming.ts"
import * as Writing from "./internal/store/writing.ts"
import type { LockExpired, LockOptions, LockTimeout } from "./Lock.ts"
import type { Appended, RecordedEvent } from "./RecordedEvent.ts"
import type { Snapshots } from "./Snapshots.ts"

/**
 * Events on their way to one of several streams.
 *
 * @category models
 * @since 0.1.0
 */
export interface StreamAppend<out Event extends Tagged = Tagged> extends Pick<AppendOptions, "condition" | "eventIds"> {
  readonly source: EventSource<Event>
  readonly id: string
  readonly events: ReadonlyArray<Event>
}

/**
 * What became of appends to several streams, in their order.
 *
 * @category models
 * @since 0.1.0
 */
export type AllAppended<Appends extends ReadonlyArray<StreamAppend>> = {
  readonly [Index in keyof Appends]: Appends[Index] extends StreamAppend<infer Event> ? Appended<Event> : never
}

/**
 * From where and up to where to read a stream.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReadOptions {
  /** Leaves out the event of this version and all before it. */
  readonly after?: number | undefined
  /** Leaves out what comes after this version. */
  readonly upTo?: number | undefined
}

/**
 * The same, from a saved state on.
 *
 * @category models
 * @since 0.1.0
 */
export interface ResumeOptions<in out State> extends ReadOptions {
  /** Starts from what was saved of the state, if it is not from after this version or this instant. */
  readonly snapshot?: {
    readonly of: Snapshots<State>
    readonly version: number | undefined
    readonly at: DateTime.Utc | undefined
  } | undefined
}

/**
 * A stream, from what was saved of it on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Resumed<out Event extends Tagged, out State> {
  /** The version of the whole stream. */
  readonly version: number
  /** What was saved and can be read; the events are those after it. */
  readonly snapshot: Snapshot<State> | undefined
  /** The first of them are there already, the others are read as they are needed. */
  readonly events: Stream.Stream<RecordedEvent<Event>, EventStoreError>
}

/**
 * What the events of a stream came to, up to a version. `position` is that of its last event; none of the events was
 * recorded after `recordedAt`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Snapshot<out State> extends Pick<StoredSnapshot, "version" | "position" | "recordedAt"> {
  readonly state: State
}

/**
 * The event store.
 *
 * **When to use**
 *
 * Commands are best executed through an aggregate. Use the store itself to follow the log, and to append what was not
 * decided here, such as imported history.
 *
 * **Gotchas**
 *
 * Aggregates remember states, and line up commands, for each store value. A layer that decorates the store must make one
 * and keep it; one made anew for each call remembers nothing.
 *
 * @category services
 * @since 0.1.0
 */
export class EventStore extends Context.Service<EventStore, {
  /**
   * Appends all events or none, if the condition (by default: none) holds. Errors mean that nothing was appended, but for
   * `OutcomeUnknown`. An interruption waits until an append that
   * was sent has ended; how, is told by appending again with the same `eventIds`.
   */
  readonly append: <Event extends Tagged>(
    source: EventSource<Event>,
    id: string,
    events: ReadonlyArray<NoInfer<Event>>,
    options?: AppendOptions
  ) => Effect.Effect<Appended<Event>, AppendConditionFailed<Event> | EventStoreError>

  /**
   * Appends to several streams, each on its own condition: all of it or nothing. Make the appends with {@link appendTo}.
   * If conditions do not hold, the error has every one of them. Two appends to one stream are a defect.
   */
  readonly appendAll: <const Appends extends ReadonlyArray<StreamAppend>>(
    appends: Appends,
    options?: Pick<AppendOptions, "metadata">
  ) => Effect.Effect<AllAppended<Appends>, AppendConditionsFailed | EventStoreError>

  /** The events of one stream, by version. */
  readonly read: <Event extends Tagged>(
    source: EventSource<Event>,
    id: string,
    options?: ReadOptions
  ) => Stream.Stream<RecordedEvent<Event>, EventStoreError>

  /** The same for those who fold: from a saved state on, and with the version of the stream, in one round trip. */
  readonly resume: <Event extends Tagged, State = never>(
    source: EventSource<Event>,
    id: string,
    options?: ResumeOptions<State>
  ) => Effect.Effect<Resumed<Event, State>, EventStoreError>

  /** Saves a state, unless a later one is there. Leave it to the aggregate, which knows when. */
  readonly saveSnapshot: (
    source: EventSource,
    id: string,
    snapshot: Omit<NewSnapshot, "stream">
  ) => Effect.Effect<void, EventStoreError>

  /** The event of a stream that has this id; `undefined` if there is none. */
  readonly find: <Event extends Tagged>(
    source: EventSource<Event>,
    id: string,
    eventId: string
  ) => Effect.Effect<RecordedEvent<Event> | undefined, EventStoreError>

  /**
   * Removes events for good: those with these ids, up to a position (by default: wherever they are). Returns how many there
   * were.
   *
   * **When to use**
   *
   * For journals that somebody keeps for a while and that nothing is decided on, such as the log of an inbox. Never for
   * what an aggregate or a view is folded from: whoever folds it anew comes to something else.
   *
   * **Details**
   *
   * The last event of a stream stays, so that versions go on from it; versions and positions are not used again. The ids of
   * what was removed are free: an append under them is not a repetition any more. Conditions do not see what is gone, and
   * what was saved of the streams is gone as well. Views keep their rows. A thousand at a time are removed in one step;
   * appends do not wait for it.
   */
  readonly discard: (
    source: EventSource,
    ids: ReadonlyArray<string>,
    options?: { readonly upTo?: number | undefined }
  ) => Effect.Effect<number, EventStoreError>

  /** The version of a stream; 0 if it does not exist. */
  readonly version: (source: EventSource, id: string) => Effect.Effect<number, EventStoreError>

  /** The events of these sources in the order of the log, up to where the log ends now. */
  readonly readAll: <const Sources extends EventSources>(
    sources: Sources,
    options?: LogOptions<EventOf<Sources>>
  ) => Stream.Stream<RecordedEvent<EventOf<Sources>>, EventStoreError>

  /**
   * The events of these sources in the order of the log: first those that are there, then those to come, for ever. It
   * waits for a store that is unavailable, and fails at an event that cannot be read. It does not keep its place.
   */
  readonly subscribe: <const Sources extends EventSources>(
    sources: Sources,
    options?: LogOptions<EventOf<Sources>>
  ) => Stream.Stream<RecordedEvent<EventOf<Sources>>, EventStoreError>

  /**
   * The log in batches, for those who keep their place: each tells how far it reaches, also where there was nothing for
   * them. A batch ends before an event that cannot be read; the next one fails.
   */
  readonly batches: <const Sources extends EventSources>(
    sources: Sources,
    options: BatchOptions<EventOf<Sources>>
  ) => Stream.Stream<LogBatch<EventOf<Sources>>, EventStoreError>

  /** Whether the calling fiber's appends may still be undone, because it is inside a transaction of its own. */
  readonly inTransaction: Effect.Effect<boolean>

  /** Runs an effect while nobody else who asks for the lock on the same stream runs theirs. */
  readonly withLock: <A, E, R>(
    source: EventSource,
    id: string,
    effect: Effect.Effect<A, E, R>,
    options?: LockOptions
  ) => Effect.Effect<A, E | LockTimeout | LockExpired | EventStoreError, R>
}>()("refold/EventStore") {}

/**
 * Builds the typed store on an engine's driver.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (driver: EventStoreDriver): EventStore["Service"] => {
  const resume = Resuming.make(driver)
  return {
    append: Writing.append(driver),
    appendAll: Writing.appendAll(driver),
    read: Resuming.stream(resume),
    resume,
    saveSnapshot: (source, id, snapshot) =>
      Effect.flatMap(streamId(source.category, id), (stream) => driver.writeSnapshot({ ...snapshot, stream })),
    find: Reading.find(driver),
    discard: Discarding.make(driver),
    version: Reading.version(driver),
    readAll: Reading.log(driver, { follow: false }),
    subscribe: Reading.log(driver, { follow: true }),
    batches: Reading.batches(driver),
    inTransaction: driver.inTransaction,
    withLock: Locking.make(driver)
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
  options?: AppendOptions
): Effect.Effect<Appended<Event>, AppendConditionFailed<Event> | EventStoreError, EventStore> =>
  Effect.flatMap(EventStore, (store) => store.append(source, id, events, options))

/**
 * An append to one of several streams, for `appendAll`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const appendTo = <Event extends Tagged>(
  source: EventSource<Event>,
  id: string,
  events: ReadonlyArray<NoInfer<Event>>,
  options?: { readonly condition?: AppendCondition; readonly eventIds?: ReadonlyArray<string> }
): StreamAppend<Event> => ({ ...options, source, id, events })

/**
 * {@link EventStore} `appendAll`, from the context.
 *
 * **Example**
 *
 * ```ts
 * EventStore.appendAll([
 *   EventStore.appendTo(Account, "ann", [{ _tag: "Debited", cents: 100 }], { condition: AppendCondition.at(7) }),
 *   EventStore.appendTo(Account, "bob", [{ _tag: "Credited", cents: 100 }])
 * ])
 * ```
 *
 * @category accessors
 * @since 0.1.0
 */
export const appendAll = <const Appends extends ReadonlyArray<StreamAppend>>(
  appends: Appends,
  options?: Pick<AppendOptions, "metadata">
): Effect.Effect<AllAppended<Appends>, AppendConditionsFailed | EventStoreError, EventStore> =>
  Effect.flatMap(EventStore, (store) => store.appendAll(appends, options))

/**
 * {@link EventStore} `read`, from the context.
 *
 * @category accessors
 * @since 0.1.0
 */
export const read = <Event extends Tagged>(
  source: EventSource<Event>,
  id: string,
  options?: { readonly after?: number | undefined; readonly upTo?: number | undefined }
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
  options?: LogOptions<EventOf<Sources>>
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
  options?: LogOptions<EventOf<Sources>>
): Stream.Stream<RecordedEvent<EventOf<Sources>>, EventStoreError, EventStore> =>
  Stream.unwrap(Effect.map(EventStore, (store) => store.subscribe(sources, options)))
