/**
 * Building a projection anew beside the one that is read, and changing over without a gap.
 *
 * @since 0.1.0
 */
import type * as Stream from "effect/Stream"
import type { EventSources } from "./EventSource.ts"
import type { EventStore } from "./EventStore.ts"
import type { EventStoreError } from "./EventStoreError.ts"
import * as Rebuilding from "./internal/projections/rebuilding.ts"
import type { Projection, RunOptions } from "./Projection.ts"
import type { PartitionsDiffer, ProjectionStore } from "./ProjectionStore.ts"

/**
 * How a rebuild is getting on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Progress {
  /** `building` until it has nearly caught up; `changing over` while the old one finishes; `live` at the end. */
  readonly phase: "building" | "changing over" | "live"
  readonly position: number
  /** Where the log ends. */
  readonly end: number
  /** How many events have been handled. */
  readonly handled: number
  /** Events per second, lately. */
  readonly rate: number
  /** How long it will take at this rate, in milliseconds; `undefined` before there is one. */
  readonly remainingMillis: number | undefined
}

/**
 * How to rebuild.
 *
 * @category models
 * @since 0.1.0
 */
export interface RebuildOptions extends Omit<RunOptions, "onFailure"> {
  /** How many positions behind the log it may be when it changes over; 1,000 by default. */
  readonly maxLag?: number | undefined
}

/**
 * Builds this version of a projection from the log, beside the version readers are given, and has it take over when it has
 * caught up.
 *
 * **Details**
 *
 * The old version is run by others meanwhile, as ever. When the new one has nearly caught up, the old one is stopped at
 * the end of the log as it is then; the new one goes on to the same place, and from there on is live. No event is handled
 * by neither, and `Projection.sideEffect` happens for each in one of the two. The old version is kept, retired: to go back,
 * rebuild it. The stream ends when the version is live; run it then with `Projection.run`. Interrupted, it goes on where
 * it was when it is started again. Several processes may rebuild together.
 *
 * @category rebuilding
 * @since 0.1.0
 */
export const rebuild: <Sources extends EventSources, E, R>(
  self: Projection<Sources, E, R>,
  options?: RebuildOptions
) => Stream.Stream<
  Progress,
  E | PartitionsDiffer | EventStoreError,
  R | EventStore | ProjectionStore
> = Rebuilding.rebuild
