/**
 * What must be true of a stream for an append to be accepted. Every engine checks it in the same step that appends.
 *
 * @since 0.1.0
 */

import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Data from "effect/Data"
import type { Tagged } from "./Decider.ts"
import type { Metadata } from "./Metadata.ts"
import type { RecordedEvent } from "./RecordedEvent.ts"
import * as StreamId from "./StreamId.ts"

/**
 * A stream's version must lie between `atLeast` and `atMost`, and `since` a version nothing but the named event types
 * may have been appended. Version 0 is a stream without events.
 *
 * @category models
 * @since 0.1.0
 */
export interface AppendCondition {
  readonly atLeast: number
  readonly atMost: number
  readonly since: { readonly version: number; readonly types: ReadonlyArray<string> } | undefined
}

/**
 * How to append.
 *
 * @category models
 * @since 0.1.0
 */
export interface AppendOptions {
  /** What must be true of the stream; by default it may hold whatever it holds. */
  readonly condition?: AppendCondition | undefined
  /**
   * Stored with the events, over what `Metadata.Current` holds and the trace they are appended under. A function is asked
   * for each event, and what it returns is stored as it is.
   */
  readonly metadata?: Metadata | ((index: number) => Metadata) | undefined
  /**
   * The ids of the events: UUIDs, one for each; by default they are made up. Events that are there already under these
   * ids are neither checked nor appended again, so that an append can be repeated until it is known to have happened. It
   * then tells where they were put, with the metadata it was given now, which is not stored. Ids that were used for other
   * events are refused with `EventIdTaken`.
   */
  readonly eventIds?: ReadonlyArray<string> | undefined
}

/**
 * Appends whatever the stream holds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const any: AppendCondition = { atLeast: 0, atMost: Infinity, since: undefined }

/**
 * The stream must have no events yet.
 *
 * @category constructors
 * @since 0.1.0
 */
export const noStream: AppendCondition = { atLeast: 0, atMost: 0, since: undefined }

/**
 * The stream must have at least one event.
 *
 * @category constructors
 * @since 0.1.0
 */
export const streamExists: AppendCondition = { atLeast: 1, atMost: Infinity, since: undefined }

/**
 * The stream must be at exactly this version.
 *
 * @category constructors
 * @since 0.1.0
 */
export const at = (version: number): AppendCondition => ({ atLeast: version, atMost: version, since: undefined })

/**
 * After `version`, only events of these (stored) types may have been appended.
 *
 * **Details**
 *
 * The types are an allow-list: a type nobody here has heard of, written by a newer release, is never let through.
 *
 * @category constructors
 * @since 0.1.0
 */
export const onlySince = (version: number, types: ReadonlyArray<string>): AppendCondition => ({
  atLeast: version,
  atMost: Infinity,
  since: { version, types }
})

/**
 * The version after which events were appended that the writer had not seen, or `undefined` if the condition names none.
 *
 * @category getters
 * @since 0.1.0
 */
export const knownVersion = (self: AppendCondition): number | undefined =>
  self.since !== undefined ? self.since.version : Number.isFinite(self.atMost) ? self.atMost : undefined

/**
 * Decides the condition for a stream at a version. `typesAfter` is asked only if there are events after the version that
 * the condition knows: what are their types?
 *
 * @category checking
 * @since 0.1.0
 */
export const holds = (
  { atLeast, atMost, since }: AppendCondition,
  version: number,
  typesAfter: (version: number) => ReadonlyArray<string>
): boolean =>
  version >= atLeast && version <= atMost &&
  (since === undefined || version <= since.version ||
    typesAfter(since.version).every((type) => since.types.includes(type)))

/**
 * Writes the condition as a person would say it, for messages.
 *
 * @category formatting
 * @since 0.1.0
 */
export const format = (self: AppendCondition): string => {
  if (self.since !== undefined) {
    return self.since.types.length === 0
      ? `no events after version ${self.since.version}`
      : `no events but ${self.since.types.join(", ")} after version ${self.since.version}`
  }
  if (self.atMost === self.atLeast) return self.atMost === 0 ? "no stream" : `version ${self.atMost}`
  return self.atLeast === 0 ? "any version" : "an existing stream"
}

/**
 * The stream was not as the append demanded. Nothing was appended.
 *
 * @category errors
 * @since 0.1.0
 */
export class AppendConditionFailed<Event extends Tagged> extends Data.TaggedError("AppendConditionFailed")<{
  readonly stream: StreamId.StreamId
  readonly condition: AppendCondition
  /** The true version of the stream; 0 if it does not exist. */
  readonly actual: number
  /** What was appended after the version that the condition knows, oldest first. */
  readonly missed: ReadonlyArray<RecordedEvent<Tagged>>
}> {
  declare readonly missed: ReadonlyArray<RecordedEvent<Event>>

  override get message(): string {
    return `${StreamId.format(this.stream)}: expected ${format(this.condition)}, ` +
      `but the stream is at version ${this.actual}`
  }
}

/**
 * Of several appends that happen together or not at all, the conditions of these did not hold. Nothing was appended.
 *
 * @category errors
 * @since 0.1.0
 */
export class AppendConditionsFailed extends Data.TaggedError("AppendConditionsFailed")<{
  readonly failures: NonEmptyReadonlyArray<AppendConditionFailed<Tagged>>
}> {
  override get message(): string {
    return this.failures.map(({ message }) => message).join("; ")
  }
}
