/**
 * What an engine implements: the narrow, encoded contract under the typed `EventStore`.
 *
 * @since 0.1.0
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type { AppendCondition } from "./AppendCondition.ts"
import type { EncodedEvent } from "./EventCodec.ts"
import type { EventStoreError } from "./EventStoreError.ts"
import * as Repetition from "./internal/store/repetition.ts"
import type { StreamId } from "./StreamId.ts"

/**
 * An event on its way into the store: `data` and `metadata` are JSON text.
 *
 * @category models
 * @since 0.1.0
 */
export interface NewEvent extends EncodedEvent {
  readonly id: string
  readonly metadata: string
}

/**
 * An event as it comes out of the store: `data` and `metadata` are parsed JSON that the reader may keep.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoredEvent {
  readonly stream: StreamId
  readonly version: number
  readonly position: number
  readonly id: string
  readonly type: string
  readonly schemaVersion: number
  readonly data: unknown
  readonly metadata: unknown
  readonly recordedAt: DateTime.Utc
}

/**
 * What is in an event as it is stored.
 *
 * @category models
 * @since 0.1.0
 */
export type StoredContent = Pick<StoredEvent, "type" | "schemaVersion" | "data">

/**
 * One append to one stream. Without events it only checks its condition. `mayRepeat` says that the events may be in the
 * store already, under the same ids: what an earlier release has written, `rewrite` writes as it is written now.
 *
 * @category models
 * @since 0.1.0
 */
export interface Append {
  readonly stream: StreamId
  readonly condition: AppendCondition
  readonly events: ReadonlyArray<NewEvent>
  readonly mayRepeat: boolean
  readonly rewrite?: ((stored: StoredEvent) => StoredContent | undefined) | undefined
}

/**
 * Appends to different streams, of which all happen or none.
 *
 * @category models
 * @since 0.1.0
 */
export type Appends = NonEmptyReadonlyArray<Append>

/**
 * Where events were put. `version` and `position` are those of the last event; the events before it have the versions and
 * positions right below. Without events they are the stream's own. `missed` is what was in the stream after the version
 * the condition knew, oldest first. `repeated`: the events had been put there by an earlier append.
 *
 * @category models
 * @since 0.1.0
 */
export interface Placement {
  readonly version: number
  readonly position: number
  readonly recordedAt: DateTime.Utc
  readonly missed: ReadonlyArray<StoredEvent>
  readonly repeated: boolean
}

/**
 * A condition that did not hold: that of the append with this index. `version` is the stream's true version.
 *
 * @category models
 * @since 0.1.0
 */
export interface Refusal {
  readonly index: number
  readonly version: number
  readonly missed: ReadonlyArray<StoredEvent>
}

/**
 * What became of appends: a placement for each of them, or every condition that did not hold.
 *
 * @category models
 * @since 0.1.0
 */
export type AppendOutcome =
  | { readonly _tag: "Appended"; readonly placements: ReadonlyArray<Placement> }
  | { readonly _tag: "Refused"; readonly refusals: NonEmptyReadonlyArray<Refusal> }

/**
 * A page of one stream. `version` is the stream's true version, also when the page is empty.
 *
 * @category models
 * @since 0.1.0
 */
export interface StreamPage {
  readonly version: number
  readonly events: ReadonlyArray<StoredEvent>
}

/**
 * A state on its way into the store, as JSON text: what the events up to `version` come to. `position` is that of the event
 * at that version, and no event up to it was recorded later than `recordedAt`.
 *
 * @category models
 * @since 0.1.0
 */
export interface NewSnapshot {
  readonly stream: StreamId
  readonly fingerprint: string
  readonly version: number
  readonly position: number
  readonly recordedAt: DateTime.Utc
  readonly state: string
}

/**
 * A state as it comes out of the store: parsed JSON that the reader may keep.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoredSnapshot extends Pick<NewSnapshot, "version" | "position" | "recordedAt"> {
  readonly state: unknown
}

/**
 * A page of the log. `end` is the position up to which the log was looked at: nothing that matches can appear at or below
 * it later. `size` is about how many characters of JSON text its events have.
 *
 * @category models
 * @since 0.1.0
 */
export interface LogPage {
  readonly end: number
  readonly events: ReadonlyArray<StoredEvent>
  readonly size: number
  /** Whether the log goes on after `end`, because the engine has not looked through all of it at once. */
  readonly goesOn?: boolean | undefined
}

/**
 * Which events to read of the log. `types` are stored types, of whichever of the categories; without a tenant, those of all.
 *
 * **Details**
 *
 * A partition has the events of those streams that fall to it. Which they are, depends on the stream and the number of
 * partitions alone, and stays so for ever.
 *
 * @category models
 * @since 0.1.0
 */
export interface LogRequest {
  readonly tenant: string | undefined
  readonly categories: NonEmptyReadonlyArray<string>
  readonly types: ReadonlyArray<string> | undefined
  readonly partition: { readonly index: number; readonly of: number } | undefined
  readonly after: number
  readonly upTo: number
  readonly limit: number
}

/**
 * Which events to remove: those with these ids in the streams of a category of a tenant, up to a position.
 *
 * @category models
 * @since 0.1.0
 */
export interface DiscardRequest {
  readonly tenant: string
  readonly category: string
  readonly ids: ReadonlyArray<string>
  readonly upTo: number
}

/**
 * Asks for the lease on a stream: for `hold` milliseconds, and if somebody else has it, to be the next to get it, for
 * `reserve` milliseconds. An `owner` asks under a name nobody else has used.
 *
 * @category models
 * @since 0.1.0
 */
export interface LeaseRequest {
  readonly stream: StreamId
  readonly owner: string
  readonly hold: number
  readonly reserve: number
}

/**
 * Whether the lease was acquired, and in how many milliseconds the present one ends if it is not given back before.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lease {
  readonly acquired: boolean
  readonly endsIn: number
}

/**
 * The contract of an engine.
 *
 * **Details**
 *
 * Positions must become visible in their own order: once a reader has seen position n, no event at or below n may appear.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventStoreDriver {
  /**
   * Checks the conditions and appends in one atomic step; all events or none. Events that are there already, as
   * `mayRepeat` allows for, are neither checked nor appended again; `repetition` tells.
   */
  readonly append: (appends: Appends) => Effect.Effect<AppendOutcome, EventStoreError>

  /** Up to `limit` events of a stream with a version greater than `after`, by version. */
  readonly readStream: (options: {
    readonly stream: StreamId
    readonly after: number
    readonly limit: number
  }) => Effect.Effect<StreamPage, EventStoreError>

  /**
   * What was saved of a stream under this fingerprint, unless it is from after this version or instant, and up to `limit`
   * events after it, or from the first on; read as of one moment. What was saved of a stream that has been rewritten or
   * restored since is not there: the event at its version must stand at its position.
   */
  readonly readFromSnapshot: (options: {
    readonly stream: StreamId
    readonly fingerprint: string
    readonly version: number | undefined
    readonly at: DateTime.Utc | undefined
    readonly limit: number
  }) => Effect.Effect<StreamPage & { readonly snapshot: StoredSnapshot | undefined }, EventStoreError>

  /**
   * Keeps a state in place of an older one of the same stream and fingerprint, and of one that is not there in the above
   * sense; does nothing if a newer one is there.
   */
  readonly writeSnapshot: (snapshot: NewSnapshot) => Effect.Effect<void, EventStoreError>

  /** Up to `limit` events with a position greater than `after` that meet all of this, by position. */
  readonly readLog: (options: LogRequest) => Effect.Effect<LogPage, EventStoreError>

  /** The events with these ids, in whichever streams they are. */
  readonly findEvents: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<StoredEvent>, EventStoreError>

  /**
   * Removes events, and what was saved of their streams; returns how many. The last event of a stream is never removed, as
   * versions and positions go on from there. Appends need not wait for this.
   */
  readonly discard: (request: DiscardRequest) => Effect.Effect<number, EventStoreError>

  /**
   * Starts to watch for appends; the inner effect returns once something may have been appended since it was last
   * called. It may return early, never late: it also returns after the engine's own poll interval.
   */
  readonly watch: Effect.Effect<Effect.Effect<void>, never, Scope.Scope>

  /**
   * Whether the calling fiber is inside a transaction of its own, so that what it appends or reads may still be undone
   * and must not be told to other fibers.
   */
  readonly inTransaction: Effect.Effect<boolean>

  /**
   * Acquires the lease on a stream, if nobody has it or it has come to its end by the engine's clock. Answers without
   * waiting for it. A lease does not keep anybody from appending.
   */
  readonly acquireLease: (request: LeaseRequest) => Effect.Effect<Lease, EventStoreError>

  /** Gives a lease back, or the turn that is reserved; does nothing if both are somebody else's by now. */
  readonly releaseLease: (lease: {
    readonly stream: StreamId
    readonly owner: string
  }) => Effect.Effect<void, EventStoreError>
}

/**
 * Compares appends with the events that are in the store under their ids: are they the same? Metadata may differ, as it
 * tells of the attempt, and so may the shape, if the events were written by an earlier release. `undefined` if none is there yet, else the last event of each append that has any.
 *
 * @category repeating
 * @since 0.1.0
 */
export const repetition: (
  appends: Appends,
  stored: ReadonlyArray<StoredEvent>
) => Result.Result<ReadonlyArray<StoredEvent | undefined>, EventStoreError> | undefined = Repetition.find
