/**
 * The contract between projections and an engine: how far each has come, who works on it, what it has set aside, and the
 * rows of views. Engines provide it together with their `EventStore`; use it through `Projection` and `Projections`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { EventStoreError } from "./EventStoreError.ts"
import type { StreamId } from "./StreamId.ts"

/**
 * A projection is told apart by its name and version: version 2 beside version 1 starts from the beginning, with rows of
 * its own.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProjectionId {
  readonly name: string
  readonly version: number
}

/**
 * A share of a projection's events, which one worker at a time handles in the order of the log: those of the streams that
 * fall to it. Counted from 0.
 *
 * @category models
 * @since 0.1.0
 */
export interface PartitionId extends ProjectionId {
  readonly partition: number
}

/**
 * A partition that a worker may handle, as long as it renews its lease. Each time a partition changes hands its `token`
 * grows, so that a worker which comes back too late cannot write.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claim {
  readonly partition: number
  readonly token: number
  /** Events up to here have been handled. */
  readonly position: number
  /** Nothing after this position is to be handled for now: a version that is not live does not overtake the one that is. */
  readonly until: number | undefined
  /**
   * Up to these positions another version did what cannot be undone, such as sending mail: one for each partition that it
   * had.
   */
  readonly gates: ReadonlyArray<number>
  /** Whether events that were set aside are to be tried again. */
  readonly mayRetry: boolean
}

/**
 * An event that was set aside because its handler failed, or because it comes after such an event in its stream.
 *
 * @category models
 * @since 0.1.0
 */
export interface ParkedEvent extends PartitionId {
  readonly stream: StreamId
  /** The version of the event in its stream. */
  readonly eventVersion: number
  readonly position: number
  readonly type: string
  /** What went wrong; empty for events that only wait behind one that failed. */
  readonly error: string
  /** Whether it was left out for good instead of waiting to be tried again. */
  readonly isSkipped: boolean
  readonly parkedAt: DateTime.Utc
}

/**
 * What is running, waits for `resume`, or is there to go back to.
 *
 * @category models
 * @since 0.1.0
 */
export type Status = "running" | "paused" | "stopped" | "retired"

/**
 * How one partition of a projection is doing.
 *
 * @category models
 * @since 0.1.0
 */
export interface PartitionStatus extends PartitionId {
  readonly status: Status
  readonly position: number
  /** The end of the log when this was asked. */
  readonly end: number
  /**
   * How many events of its categories are after its position; beyond 1,000 positions, which are not looked through, how
   * many positions.
   */
  readonly behind: number
  /**
   * When the first event that is not handled yet was recorded; `undefined` if it has caught up. If there is none of its
   * categories in the first 1,000 positions, and it is further behind, what comes after these counts.
   */
  readonly behindSince: DateTime.Utc | undefined
  /** How many events it has handled since it was last reset. */
  readonly handled: number
  readonly movedAt: DateTime.Utc | undefined
  /** Who has the lease; `undefined` if nobody has. */
  readonly owner: string | undefined
  /** Of the last event that failed. */
  readonly error: string | undefined
  readonly parked: number
  /** Whether readers are given this version. */
  readonly isLive: boolean
}

/**
 * A row of a view in its JSON form; `null` where it was deleted.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoredRow {
  readonly tenant: string
  readonly key: string
  readonly position: number
  readonly state: string | null
  /** The instant it waits for, in milliseconds since 1970, if it waits for one. Written with it, and asked for by `due`. */
  readonly due?: number | undefined
}

/**
 * Rows of a view as of one moment.
 *
 * @category models
 * @since 0.1.0
 */
export interface RowPage {
  /** Everything up to here is in the rows. */
  readonly position: number
  /** Whether readers are, or were once, given this version: one that is still being built is not to be read. */
  readonly isReadable: boolean
  /**
   * The ids of the tenant's streams that have parked events: those are in no row, and nor is what came after them. Where one
   * row is asked for, its stream's alone.
   */
  readonly parkedStreams: ReadonlyArray<string>
  readonly rows: ReadonlyArray<StoredRow>
}

/**
 * A partition that is kept from moving.
 *
 * @category models
 * @since 0.1.0
 */
export interface Locked extends Omit<Claim, "mayRetry"> {
  /** Whether events of it are parked. */
  readonly isParking: boolean
}

/**
 * Another worker has the partition now, or its position was changed by hand. The batch was rolled back, nothing is lost.
 *
 * @category errors
 * @since 0.1.0
 */
export class PartitionLost extends Data.TaggedError("PartitionLost")<PartitionId> {
  override get message(): string {
    return `${this.name} v${this.version}, partition ${this.partition}: another worker has taken it over, or it was moved`
  }
}

/**
 * A projection that has begun with a number of partitions keeps it: events would fall to other partitions, which have come
 * to other positions.
 *
 * @category errors
 * @since 0.1.0
 */
export class PartitionsDiffer extends Data.TaggedError("PartitionsDiffer")<{
  readonly projection: ProjectionId
  readonly stored: number
  readonly asked: number
}> {
  override get message(): string {
    const { name, version } = this.projection
    return `${name} v${version} has ${this.stored} partitions, not ${this.asked}; run it with ${this.stored}, or raise ` +
      `its version to build it anew`
  }
}

/**
 * Somebody waits for a projection that goes no further until it is resumed: `status` says whether it was paused, has
 * stopped at an event that failed, which `error` tells of, or was retired.
 *
 * @category errors
 * @since 0.1.0
 */
export class ProjectionHalted extends Data.TaggedError("ProjectionHalted")<{
  readonly projection: ProjectionId
  readonly status: Exclude<Status, "running">
  readonly error: string | undefined
}> {
  override get message(): string {
    const { name, version } = this.projection
    return `${name} v${version} is ${this.status} and goes no further${
      this.error === undefined ? "" : `: ${this.error}`
    }`
  }
}

/**
 * How a batch moves a partition: from the position the worker knows to that of the batch's last event.
 *
 * @category models
 * @since 0.1.0
 */
export interface Move {
  readonly token: number
  readonly from: number
  readonly to: number
  /** How many events were handled. */
  readonly events: number
}

/**
 * What an engine does for projections.
 *
 * @category services
 * @since 0.1.0
 */
export class ProjectionStore extends Context.Service<ProjectionStore, {
  /**
   * Makes the partitions of a projection, one unless said otherwise, if they are not there. The first version of a name is
   * live at once. For another one everything is a replay, and it goes no further than the live one has come, until it takes
   * over: partition by partition if both have as many, else no further than the slowest of the live one.
   */
  readonly register: (
    projection: ProjectionId,
    options: { readonly partitions: number | undefined; readonly categories: ReadonlyArray<string> }
  ) => Effect.Effect<void, PartitionsDiffer | EventStoreError>

  /**
   * Renews the lease of a worker for `lease` milliseconds and takes over partitions nobody has, or only workers whose
   * leases have ended, up to the worker's fair share among those whose have not; `surplus` says how many it has beyond
   * that, and should release. Batches that are being handled do not hold this up.
   */
  readonly claim: (
    projection: ProjectionId,
    options: { readonly worker: string; readonly lease: number }
  ) => Effect.Effect<{ readonly claims: ReadonlyArray<Claim>; readonly surplus: number }, EventStoreError>

  /** Gives back what a worker has: one partition, or all of them when it leaves. */
  readonly release: (
    projection: ProjectionId,
    options: { readonly worker: string; readonly partition?: number | undefined }
  ) => Effect.Effect<void, EventStoreError>

  /**
   * Moves a partition and runs `work` in one transaction, where the engine has transactions: both happen or neither. Fails
   * if the worker's token is not the present one, the partition is not where the worker left it, or it does not run.
   */
  readonly commit: (
    partition: PartitionId,
    move: Move
  ) => <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | PartitionLost | EventStoreError, R>

  /** Stops a partition that cannot go on, until somebody resumes it. */
  readonly stop: (partition: PartitionId, token: number, error: string) => Effect.Effect<void, EventStoreError>

  /** Sets events aside; inside `commit`. */
  readonly park: (events: ReadonlyArray<Omit<ParkedEvent, "parkedAt">>) => Effect.Effect<void, EventStoreError>

  /** What is set aside, by position; of one partition if it is given. */
  readonly parked: (
    of: ProjectionId & { readonly partition?: number | undefined }
  ) => Effect.Effect<ReadonlyArray<ParkedEvent & { readonly isToRetry: boolean }>, EventStoreError>

  /** No longer sets these aside, for they were handled; inside `commit`. */
  readonly unpark: (partition: PartitionId, positions: ReadonlyArray<number>) => Effect.Effect<void, EventStoreError>

  /** Gives these up. Who works on their partitions is to begin again, as streams that waited may wait no longer. */
  readonly dropParked: (
    projection: ProjectionId,
    positions: ReadonlyArray<number>
  ) => Effect.Effect<void, EventStoreError>

  /** Has the worker try again what was set aside, of one stream if it is given; takes the wish back with `false`. */
  readonly retryParked: (
    projection: ProjectionId,
    options: { readonly stream?: StreamId | undefined; readonly wish: boolean }
  ) => Effect.Effect<void, EventStoreError>

  /** How every partition is doing, by name, version and partition; of one projection if a name is given. */
  readonly list: (name?: string) => Effect.Effect<ReadonlyArray<PartitionStatus>, EventStoreError>

  /** Pauses or resumes a projection. Who works on it is told to stop. */
  readonly setStatus: (projection: ProjectionId, status: "running" | "paused") => Effect.Effect<void, EventStoreError>

  /**
   * Readies a version that is not live to be built: one that is retired or stopped runs again, and all that it handles is a
   * replay.
   */
  readonly prepare: (projection: ProjectionId) => Effect.Effect<void, EventStoreError>

  /**
   * Makes a version live and retires the one that is, which is to be `from`: in one step, after which no worker of the old
   * one can move, and the new one knows how far each of its partitions has come. `false`, and nothing happens, if another
   * version is live, or the live one still handles what one before it did.
   */
  readonly takeOver: (
    projection: ProjectionId,
    from: number | undefined
  ) => Effect.Effect<boolean, EventStoreError>

  /** To which of so many partitions a stream falls. */
  readonly partitionOf: (stream: StreamId, partitions: number) => number

  /**
   * Keeps the worker of a partition from moving it until the transaction ends; inside `transact`. `undefined` if it is not
   * to be moved, because the projection does not run.
   */
  readonly lock: (partition: PartitionId) => Effect.Effect<Locked | undefined, EventStoreError>

  /** Moves all partitions to a position, whoever works on them; back to 0, rows and parked events are dropped as well. */
  readonly moveTo: (projection: ProjectionId, position: number) => Effect.Effect<void, EventStoreError>

  /** The version readers are given; `undefined` if there is none. */
  readonly liveVersion: (name: string) => Effect.Effect<number | undefined, EventStoreError>

  /** Forgets a version, with its rows and all; if it was live, none is. */
  readonly drop: (projection: ProjectionId) => Effect.Effect<void, EventStoreError>

  /** The rows with these keys, deleted ones included. */
  readonly rows: (
    projection: ProjectionId,
    keys: ReadonlyArray<{ readonly tenant: string; readonly key: string }>
  ) => Effect.Effect<ReadonlyArray<StoredRow>, EventStoreError>

  /** Writes rows; inside `commit`. */
  readonly saveRows: (projection: ProjectionId, rows: ReadonlyArray<StoredRow>) => Effect.Effect<void, EventStoreError>

  /**
   * Forgets rows, also that they were deleted, except those that have changed since: for what is kept for a while. They may
   * come back if events that made them are handled again.
   */
  readonly dropRows: (
    projection: ProjectionId,
    rows: ReadonlyArray<Omit<StoredRow, "state">>
  ) => Effect.Effect<void, EventStoreError>

  /** Which tenants have rows, deleted ones included. */
  readonly tenants: (projection: ProjectionId) => Effect.Effect<ReadonlyArray<string>, EventStoreError>

  /**
   * The rows of a tenant by key, a page at a time, or the one with a key; deleted ones included. If that is the row of a
   * stream, its category is given: the position is then that of the partition to which this stream falls.
   */
  readonly page: (
    projection: ProjectionId,
    options: {
      readonly tenant: string
      readonly key?: string | undefined
      readonly category?: string | undefined
      readonly afterKey?: string | undefined
      readonly limit: number
    }
  ) => Effect.Effect<RowPage, EventStoreError>

  /**
   * The rows of a tenant that changed after a position, by position and key, deleted ones included, up to where all
   * partitions have come. With `afterKey`, those with greater keys that changed at that very position as well.
   */
  readonly changes: (
    projection: ProjectionId,
    options: {
      readonly tenant: string
      readonly after: number
      readonly afterKey?: string | undefined
      readonly limit: number
    }
  ) => Effect.Effect<ReadonlyArray<StoredRow>, EventStoreError>

  /**
   * The rows of all tenants that wait for an instant up to `by`, the soonest first, and up to where all partitions have come:
   * both as of one moment.
   */
  readonly due: (
    projection: ProjectionId,
    options: { readonly by: number; readonly limit: number }
  ) => Effect.Effect<Pick<RowPage, "position" | "rows">, EventStoreError>

  /**
   * Starts to watch; the inner effect returns once a partition may have moved since it was last called. It may return
   * early, never later than the engine's poll interval.
   */
  readonly watch: Effect.Effect<Effect.Effect<void>, never, Scope.Scope>

  /** Runs an effect in a transaction of the engine, in which appends take part; memory has none. */
  readonly transact: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | EventStoreError, R>
}>()("refold/ProjectionStore") {}
