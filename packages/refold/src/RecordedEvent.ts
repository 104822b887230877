/**
 * A fact, and what the store knows of it.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type { Metadata } from "./Metadata.ts"
import type { StreamId } from "./StreamId.ts"

/**
 * An event with its place in the log.
 *
 * **Details**
 *
 * - `version` is its place in its stream: 1, 2, 3…
 * - `position` is its place in the global order of the whole log. Positions grow in the order in which appends were
 *   committed and agree with the versions of every stream; there may be gaps between them.
 * - `type` and `schemaVersion` are the names under which it is stored; they outlive what the code calls it.
 *
 * @category models
 * @since 0.1.0
 */
export interface RecordedEvent<out Event> {
  readonly id: string
  readonly stream: StreamId
  readonly version: number
  readonly position: number
  readonly type: string
  readonly schemaVersion: number
  readonly event: Event
  readonly metadata: Metadata
  readonly recordedAt: DateTime.Utc
}

/**
 * Events that are in the stream now, and those that were there before them although the writer had not seen them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Appended<out Event> {
  readonly stream: StreamId
  /** The version of the stream after the append. */
  readonly version: number
  /** The position of the last event appended, to wait for when reading one's own writes. */
  readonly position: number
  readonly events: ReadonlyArray<RecordedEvent<Event>>
  /** The first of them that cannot be read, and those after it, are left out: the append has happened all the same. */
  readonly missed: ReadonlyArray<RecordedEvent<Event>>
  /** Whether the events were there already, under the same event ids: nothing was appended now. */
  readonly repeated: boolean
}
