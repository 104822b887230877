/**
 * Read models: events of the log, handled in order, each exactly once where the handler writes in the same database.
 *
 * @since 0.1.0
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import type { EventOf, EventSources } from "./EventSource.ts"
import { EventStore } from "./EventStore.ts"
import type { EventStoreError } from "./EventStoreError.ts"
import * as CatchingUp from "./internal/projections/catchingUp.ts"
import { IsReplay } from "./internal/projections/handling.ts"
import * as Inlining from "./internal/projections/inlining.ts"
import * as Worker from "./internal/projections/worker.ts"
import { type PartitionsDiffer, type ProjectionHalted, type ProjectionId, ProjectionStore } from "./ProjectionStore.ts"
import type { RecordedEvent } from "./RecordedEvent.ts"

/**
 * A projection as a value: which events, and what to do with a batch of them. How it is run is said where it is run. Every
 * `View` is one, which keeps its rows up to date.
 *
 * **Details**
 *
 * `handle` is given batches in the order of the log, of all tenants; the stream of an event says whose it is. It runs in
 * the transaction that moves the checkpoint, so what it writes through the same `SqlClient` happens exactly once. Change
 * `version` to build it anew beside the old one.
 *
 * **Gotchas**
 *
 * What it does elsewhere, such as sending mail, may happen again: a batch that fails is handled again in smaller parts, to
 * find the event that is to blame. Wrap it in {@link sideEffect}, and give it an idempotency key.
 *
 * @category models
 * @since 0.1.0
 */
export interface Projection<out Sources extends EventSources, out E = never, out R = never> extends ProjectionId {
  readonly from: Sources
  /**
   * Whether the handler runs in the transaction that moves the checkpoint, or before it: then it does not hold one open
   * while it waits for others, and may be given a batch again that it has handled.
   */
  readonly delivery: "exactly once" | "at least once"
  /** Whose events go to one partition: those of a stream, or those of a key, which a view picks out of all events. */
  readonly partitionedBy: "stream" | "key"
  /** How many events are handled in one transaction at most, unless whoever runs it says otherwise. */
  readonly batchSize: number
  handle(
    events: NonEmptyReadonlyArray<RecordedEvent<EventOf<Sources>>>,
    partition: Partition
  ): Effect.Effect<void, E, R>
}

/**
 * A share of a projection: this one, counted from 0, of so many.
 *
 * @category models
 * @since 0.1.0
 */
export interface Partition {
  readonly index: number
  readonly of: number
}

/**
 * Defines a projection by what it does with events.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <const Sources extends EventSources, E, R>(
  name: string,
  options: {
    readonly version: number
    readonly from: Sources
    /** "exactly once" by default, where the engine has transactions. */
    readonly delivery?: "exactly once" | "at least once" | undefined
    readonly handle: (
      events: NonEmptyReadonlyArray<RecordedEvent<EventOf<Sources>>>
    ) => Effect.Effect<void, E, R>
  }
): Projection<Sources, E, R> => ({
  name,
  ...options,
  delivery: options.delivery ?? "exactly once",
  partitionedBy: "stream",
  batchSize: 1_000
})

/**
 * How to run a projection.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunOptions {
  /** Into how many shares its events are divided, which may be handled at the same time, here or elsewhere; 1 by default. */
  readonly partitions?: number | undefined
  /** How many events are handled in one transaction at most; by default 10,000 by a view, 1,000 by handlers. */
  readonly batchSize?: number | undefined
  /** For how long a partition is left to a worker that is no longer heard of; 10 seconds by default. */
  readonly lease?: Duration.Input | undefined
  /** How others see this worker, together with a number of its own; "worker" by default. */
  readonly worker?: string | undefined
  /** How an event that fails is tried again before it is given up; five times within 3 seconds by default. */
  readonly retry?: Schedule.Schedule<unknown> | undefined
  /**
   * What becomes of an event that is given up: its partition stops there, which is the default; it is skipped; or it is
   * parked, and the later events of its stream behind it. What was skipped or parked is kept, with the error. A view with
   * keys of its own cannot park: that is a defect.
   */
  readonly onFailure?: "stop" | "skip" | "park" | undefined
}

/**
 * Runs a projection for ever, together with whoever else runs it: each takes a fair share of the partitions, and those of
 * one that dies go to the others when its lease ends.
 *
 * **Details**
 *
 * While another version is live, it builds this one up to where that is, to be changed over to by `Rebuild.rebuild`.
 *
 * It waits for a store that is away. When it is interrupted, batches in hand are finished, for as long as a lease lasts, and
 * partitions given back. What fails is logged, and shown by `Projections.list`.
 *
 * **Gotchas**
 *
 * A handler that hangs keeps its partition for as long as its process lives: give it an `Effect.timeout`.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <Sources extends EventSources, E, R>(
  self: Projection<Sources, E, R>,
  options?: RunOptions
): Effect.Effect<never, PartitionsDiffer | EventStoreError, R | EventStore | ProjectionStore> =>
  Effect.flatten(Worker.start(self, options))

/**
 * {@link run} for as long as the layer lives. It cannot be built with another number of partitions than the projection has.
 *
 * @category running
 * @since 0.1.0
 */
export const layer = <Sources extends EventSources, E, R>(
  self: Projection<Sources, E, R>,
  options?: RunOptions
): Layer.Layer<never, PartitionsDiffer | EventStoreError, R | EventStore | ProjectionStore> =>
  Layer.effectDiscard(Effect.flatMap(Worker.start(self, options), (run) =>
    Effect.forkScoped(
      Effect.tapCause(run, (cause) => Effect.logError(`${self.name} v${self.version} does not run any more`, cause))
    )))

/**
 * Decorates the event store: a projection is brought up to date in the transaction of every append to its categories, so
 * that whoever reads after a command reads what it did. If the handler fails, nothing is appended.
 *
 * **Details**
 *
 * Such an append has a transaction of its own and does not share a commit with others, which costs it most of the
 * throughput of group commit. What is there when the layer is built is handled then; events that others append later, who
 * do not use this layer, are handled with the next append that does. While the projection is paused or stopped, or where a
 * later version takes over, appends go on without it.
 *
 * **Gotchas**
 *
 * Memory cannot undo the append when the handler fails; its events are handled with the next one. A worker that runs the
 * same projection is in the way of appends, and they of it: nothing is handled twice, but use one or the other.
 *
 * @category running
 * @since 0.1.0
 */
export const inline = <Sources extends EventSources, E, R>(
  self: Projection<Sources, E, R>
): Layer.Layer<EventStore, PartitionsDiffer | EventStoreError, R | EventStore | ProjectionStore> =>
  Layer.effect(EventStore, Inlining.decorate(self))

/**
 * Handles what is in the log now, in this process, and returns the position it has come to. Fails where the handler does,
 * and if the projection is halted; waits for partitions that others are working on. A version that is not live goes as far as
 * the live one has come.
 *
 * @category running
 * @since 0.1.0
 */
export const catchUp: <Sources extends EventSources, E, R>(
  self: Projection<Sources, E, R>,
  options?: Omit<RunOptions, "onFailure" | "retry">
) => Effect.Effect<
  number,
  E | PartitionsDiffer | ProjectionHalted | EventStoreError,
  R | EventStore | ProjectionStore
> = CatchingUp.catchUp

/**
 * Waits until whoever runs a projection has handled what is in the log now, and returns the position that is reached. Fails
 * if it will not come to that, because it has stopped or was paused.
 *
 * @category waiting
 * @since 0.1.0
 */
export const whenCaughtUp = (
  self: ProjectionId
): Effect.Effect<number, ProjectionHalted | EventStoreError, ProjectionStore> =>
  Effect.flatMap(ProjectionStore, (store) => CatchingUp.whenCaughtUp(store, self))

/**
 * Inside a handler: does what cannot be undone, unless an earlier version of the projection has done so for these events.
 *
 * @category handling
 * @since 0.1.0
 */
export const sideEffect = <E, R>(self: Effect.Effect<void, E, R>): Effect.Effect<void, E, R> =>
  Effect.flatMap(IsReplay, (isReplay) => isReplay ? Effect.void : self)
