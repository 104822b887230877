/**
 * The typed event store: appends under a condition, reads streams, and follows the log. Given by a Layer.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AppendConditionFailed, AppendOptions } from "./AppendCondition.ts"
import type { Tagged } from "./Decider.ts"
import type { EventOf, EventSource, EventSources, LogOptions } from "./EventSource.ts"
import type { EventStoreDriver } from "./EventStoreDriver.ts"
import type { EventStoreError } from "./EventStoreError.ts"
import * as Locking from "./internal/locking.ts"
import * as Reading from "./internal/reading.ts"
import * as Writing from "./internal/writing.ts"
import type { LockExpired, LockOptions, LockTimeout } from "./Lock.ts"
import type { Appended, RecordedEvent } from "./RecordedEvent.ts"

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
    options?: AppendOptions
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
  const ids = SecureRandom.make((size) => globalThis.crypto.getRandomValues(new Uint8Array(size)))
  return {
    append: Writing.append(driver, ids),
    read: Reading.stream(driver),
    version: Reading.version(driver),
    readAll: Reading.log(driver, { follow: false }),
    subscribe: Reading.log(driver, { follow: true }),
    inTransaction: driver.inTransaction,
    withLock: Locking.make(driver, ids)
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
