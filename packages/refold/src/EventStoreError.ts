/**
 * What can go wrong in the store itself, as opposed to a rejection by the domain or a conflict with somebody else.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as StreamId from "./StreamId.ts"

/**
 * The store cannot be reached, or gave up for now: nothing was appended, and it is worth trying again. (An append of which
 * that is not known fails as `OutcomeUnknown`.) `message` is the engine's.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unavailable extends Data.TaggedError("Unavailable")<{
  readonly message: string
  readonly cause: unknown
}> {}

/**
 * The store failed in a way that trying again will not mend; nothing was appended.
 *
 * @category errors
 * @since 0.1.0
 */
export class StoreFailure extends Data.TaggedError("StoreFailure")<{
  readonly message: string
  readonly cause: unknown
}> {}

/**
 * The connection broke while an append was being committed, and the store could not be reached again, for as long as the
 * engine is patient, to ask what became of it. Appending once more with the same `eventIds` tells: what is there is not
 * appended twice. After a command, whose ids were made up, look for these in the stream; commands that were appended
 * together have theirs side by side.
 *
 * @category errors
 * @since 0.1.0
 */
export class OutcomeUnknown extends Data.TaggedError("OutcomeUnknown")<{
  readonly stream: StreamId.StreamId
  readonly eventIds: ReadonlyArray<string>
  readonly cause: unknown
}> {
  override get message(): string {
    return `${
      StreamId.format(this.stream)
    }: the connection broke during an append, and the store could not be reached ` +
      `since: the events are there as a whole or not at all. To learn which, read the stream, or append them again with ` +
      `the same eventIds`
  }
}

/**
 * An event id that was used before, for other content; nothing was appended. `usedAt` tells where, unless it was another
 * tenant.
 *
 * @category errors
 * @since 0.1.0
 */
export class EventIdTaken extends Data.TaggedError("EventIdTaken")<{
  readonly eventId: string
  readonly type: string
  readonly usedAt: { readonly stream: StreamId.StreamId; readonly version: number } | undefined
}> {
  override get message(): string {
    const where = this.usedAt === undefined
      ? ""
      : ` for version ${this.usedAt.version} of ${StreamId.format(this.usedAt.stream)}`
    return `${this.type} cannot be appended under the id ${this.eventId}: a different append used it${where}`
  }
}

/**
 * No engine could store this stream id unchanged.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidStreamId extends Data.TaggedError("InvalidStreamId")<{
  readonly stream: StreamId.StreamId
  readonly problem: string
}> {
  override get message(): string {
    return `${JSON.stringify(StreamId.format(this.stream).slice(0, 100))} cannot be a stream id: ${this.problem}`
  }
}

/**
 * A decided event does not fit its own schema, or is too large; nothing was appended.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidEvent extends Data.TaggedError("InvalidEvent")<{
  readonly stream: StreamId.StreamId
  readonly type: string
  readonly problem: string
}> {
  override get message(): string {
    return `${StreamId.format(this.stream)}: ${this.type} cannot be stored: ${this.problem}`
  }
}

/**
 * A stored event cannot be read by this code: its data does not fit its schema, a step from an earlier shape does not
 * take it, or it was written by a newer release.
 * Other streams are not affected.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnreadableEvent extends Data.TaggedError("UnreadableEvent")<{
  readonly stream: StreamId.StreamId
  readonly version: number
  readonly position: number
  readonly type: string
  readonly schemaVersion: number
  readonly problem: string
}> {
  override get message(): string {
    return `${StreamId.format(this.stream)}, version ${this.version} (position ${this.position}): ` +
      `${this.type} cannot be read: ${this.problem}`
  }
}

/**
 * Why the store failed.
 *
 * @category errors
 * @since 0.1.0
 */
export type Reason =
  | Unavailable
  | OutcomeUnknown
  | StoreFailure
  | InvalidStreamId
  | InvalidEvent
  | EventIdTaken
  | UnreadableEvent

/**
 * The one error of the store; `reason` says which. Handle a single one with `Effect.catchReason`.
 *
 * @category errors
 * @since 0.1.0
 */
export class EventStoreError extends Data.TaggedError("EventStoreError")<{ readonly reason: Reason }> {
  override readonly cause = this.reason

  override get message(): string {
    return this.reason.message
  }

  /**
   * Whether the same call may succeed later, and may be made again without a second thought. An `OutcomeUnknown` takes one.
   */
  get isRetryable(): boolean {
    return this.reason._tag === "Unavailable"
  }
}
