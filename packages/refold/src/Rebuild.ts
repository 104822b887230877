/**
 * Building a projection anew beside the one that is read, and changing over without a gap.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
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
  /**
   * `building` until it is live; `changing over` until it has had what was in the log then; `live` at the end.
   */
  readonly phase: "building" | "changing over" | "live"
  /** Where its slowest partition is. */
  readonly position: number
  /** Where the log ends. */
  readonly end: number
  /** How many events have been handled since the version was begun. */
  readonly handled: number
  /** Events per second, lately. */
  readonly rate: number
  /** How long it will take at this speed, in milliseconds; `undefined` before one is known, and while nothing moves. */
  readonly remainingMillis: number | undefined
}

/**
 * How to rebuild.
 *
 * @category models
 * @since 0.1.0
 */
export interface RebuildOptions extends Omit<RunOptions, "onFailure" | "retry"> {
  /** How many events this process handles in a second at most; as many as it can by default. */
  readonly eventsPerSecond?: number | undefined
  /** How far it may be behind the old version when it takes over; 5 seconds by default. */
  readonly maxLag?: Duration.Input | undefined
}

/**
 * Builds this version of a projection from the log, beside the version readers are given, and has it take over when it has
 * caught up with that.
 *
 * **Details**
 *
 * The old version is run by others meanwhile, as ever. The new one never overtakes it, and all it handles is a replay. To
 * change over is one step in the database: the old version is retired where it is, and the new one, which is told where
 * that is, goes on from where it is itself. No event is handled by neither, and `Projection.sideEffect` happens for each in
 * one of the two. If nobody runs the old version, it is taken over from where it was left.
 *
 * The stream ends when the version is live and has had what was in the log then; run it with `Projection.run` from there
 * on, or before. Interrupted or killed, it goes on where it was when it is started again. Several processes may rebuild
 * together. The old version is kept, with its rows: to go back, rebuild it; to be rid of it, `Projections.drop` it.
 *
 * **Gotchas**
 *
 * What the old version has parked is its own affair: the new one handles these events, but without side effects. Where a
 * partition of the old one is stopped, the new one takes over there; if the two are not divided alike, all of it does.
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
