/**
 * What an operator does with projections: see how they are doing, pause and resume them, start them over, and deal with
 * what they have set aside.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { EventStoreError } from "./EventStoreError.ts"
import * as Overview from "./internal/projections/overview.ts"
import { type ParkedEvent, type PartitionStatus, type ProjectionId, ProjectionStore } from "./ProjectionStore.ts"
import type { StreamId } from "./StreamId.ts"

/**
 * How a projection is doing, over all of its partitions.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProjectionStatus extends ProjectionId {
  /** Whether readers are given this version. */
  readonly isLive: boolean
  /** That of the partition which is in most need of somebody. */
  readonly status: PartitionStatus["status"]
  /** Where its slowest partition is. */
  readonly position: number
  /**
   * How many events of its categories are still before its slowest partition; beyond 1,000 positions of the log, how many
   * positions.
   */
  readonly lag: number
  /** For how long the oldest event that it has not handled has been there, in milliseconds. */
  readonly lagMillis: number
  readonly handled: number
  /** Events handled per second since it was last looked at; `undefined` at first. */
  readonly rate: number | undefined
  readonly parked: number
  readonly partitions: ReadonlyArray<PartitionStatus>
}

/**
 * All projections, or those with a name.
 *
 * @category observing
 * @since 0.1.0
 */
export const list = (
  name?: string
): Effect.Effect<ReadonlyArray<ProjectionStatus>, EventStoreError, ProjectionStore> =>
  Effect.flatMap(ProjectionStore, (store) => Overview.list(store, name, undefined))

/**
 * The same again and again, with rates.
 *
 * @category observing
 * @since 0.1.0
 */
export const watch = (
  interval: Duration.Input,
  name?: string
): Stream.Stream<ReadonlyArray<ProjectionStatus>, EventStoreError, ProjectionStore> =>
  Stream.unwrap(Effect.map(ProjectionStore, (store) => {
    let before: Overview.Overview | undefined
    const next = Effect.map(Overview.take(store, name, () => before), (overview) => {
      before = overview
      return overview.projections
    })
    return Stream.fromEffectSchedule(next, Schedule.spaced(interval))
  }))

/** Of a projection that nobody has run, nothing is changed: whoever has misspelt its name must not think that it was. */
const change = (
  self: ProjectionId,
  make: (store: ProjectionStore["Service"]) => Effect.Effect<void, EventStoreError>
): Effect.Effect<void, EventStoreError, ProjectionStore> =>
  ProjectionStore.use((store) =>
    Effect.flatMap(store.list(self.name), (partitions) =>
      partitions.some(({ version }) => version === self.version)
        ? make(store)
        : Effect.die(
          new Error(`nobody has run a projection ${self.name} v${self.version}: there is nothing to change`)
        ))
  )

/**
 * Has every worker stop after the batch in hand, until it is resumed. Dies if nobody has ever run it.
 *
 * @category operating
 * @since 0.1.0
 */
export const pause = (self: ProjectionId): Effect.Effect<void, EventStoreError, ProjectionStore> =>
  change(self, (store) => store.setStatus(self, "paused"))

/**
 * Lets a projection go on that was paused, or was stopped by an event that failed. Dies if nobody has ever run it.
 *
 * @category operating
 * @since 0.1.0
 */
export const resume = (self: ProjectionId): Effect.Effect<void, EventStoreError, ProjectionStore> =>
  change(self, (store) => store.setStatus(self, "running"))

/**
 * Starts a projection over: its rows and what it has parked are dropped, and every event is handled again.
 *
 * **Gotchas**
 *
 * Readers see it grow from nothing, and a handler's own tables are its own affair. To build it anew while the old one is
 * read, raise its version and rebuild it.
 *
 * @category operating
 * @since 0.1.0
 */
export const reset = (self: ProjectionId): Effect.Effect<void, EventStoreError, ProjectionStore> => rewind(self, 0)

/**
 * Moves a projection to a position: the events after it are handled next, whether they were handled before or not. The rows
 * of a view do not have an event twice. Dies if nobody has ever run it.
 *
 * @category operating
 * @since 0.1.0
 */
export const rewind = (
  self: ProjectionId,
  position: number
): Effect.Effect<void, EventStoreError, ProjectionStore> =>
  Number.isSafeInteger(position) && position >= 0
    ? change(self, (store) => store.moveTo(self, position))
    : Effect.die(new RangeError(`position must be a whole number, 0 or more, not ${position}`))

/**
 * The events that were set aside, in the order of the log, skipped ones included.
 *
 * @category parked events
 * @since 0.1.0
 */
export const parked = (
  self: ProjectionId
): Effect.Effect<ReadonlyArray<ParkedEvent>, EventStoreError, ProjectionStore> =>
  Effect.flatMap(ProjectionStore, (store) => store.parked({ name: self.name, version: self.version }))

/**
 * Has the worker handle parked events again, of one stream or of all, each stream up to the first event that fails. They
 * are handled before the worker's next batch.
 *
 * @category parked events
 * @since 0.1.0
 */
export const retryParked = (
  self: ProjectionId,
  stream?: StreamId
): Effect.Effect<void, EventStoreError, ProjectionStore> =>
  Effect.flatMap(ProjectionStore, (store) => store.retryParked(self, { stream, wish: true }))

/**
 * Gives up events that were set aside, by position: they will not be handled. The later events of a stream wait as long as
 * any of it is parked.
 *
 * @category parked events
 * @since 0.1.0
 */
export const dropParked = (
  self: ProjectionId,
  positions: ReadonlyArray<number>
): Effect.Effect<void, EventStoreError, ProjectionStore> =>
  Effect.flatMap(ProjectionStore, (store) => store.dropParked(self, positions))

/**
 * Forgets a version of a projection, with its rows.
 *
 * **Gotchas**
 *
 * After the live version is dropped, none is, until another one is rebuilt. A handler's own tables stay.
 *
 * @category operating
 * @since 0.1.0
 */
export const drop = (self: ProjectionId): Effect.Effect<void, EventStoreError, ProjectionStore> =>
  Effect.flatMap(ProjectionStore, (store) => store.drop(self))
