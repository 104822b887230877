import * as Effect from "effect/Effect"
import type { EventSources } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Projection, RunOptions } from "../../Projection.ts"
import { type PartitionsDiffer, ProjectionHalted, type ProjectionId, ProjectionStore } from "../../ProjectionStore.ts"
import { limitOf } from "./limits.ts"
import * as Worker from "./worker.ts"

/** Runs a projection until it has come to where it may go now, or fails. */
export const catchUp = <Sources extends EventSources, E, R>(
  projection: Projection<Sources, E, R>,
  options: Omit<RunOptions, "onFailure" | "retry"> = {}
): Effect.Effect<
  number,
  E | PartitionsDiffer | ProjectionHalted | EventStoreError,
  R | EventStore | ProjectionStore
> =>
  Effect.gen(function*() {
    yield* Worker.register(projection, options)
    return yield* Effect.raceFirst(
      whenCaughtUp(yield* ProjectionStore, projection),
      Worker.runStrictly(projection, { worker: "catch-up", ...options })
    )
  })

/** Waits until the log as it is now is handled; by a version that is not live, what the live one has handled. */
export const whenCaughtUp = (
  store: ProjectionStore["Service"],
  { name, version }: ProjectionId
): Effect.Effect<number, ProjectionHalted | EventStoreError> =>
  Effect.scoped(Effect.gen(function*() {
    const moved = yield* store.watch
    let goals: ReadonlyArray<number> | undefined
    for (;;) {
      const all = yield* store.list(name)
      const partitions = all.filter((partition) => partition.version === version)
      const others = all.filter((partition) => partition.isLive && partition.version !== version)
      goals ??= partitions.length === 0
        ? undefined
        : partitions.map(({ end, partition }) => limitOf(partition, partitions.length, others) ?? end)
      const waitsFor = partitions.filter(({ partition, position }) => position < (goals?.[partition] ?? 0))
      if (goals !== undefined && waitsFor.length === 0) return Math.min(...partitions.map(({ position }) => position))
      for (const { error, status } of waitsFor) {
        if (status === "running") continue
        return yield* new ProjectionHalted({ projection: { name, version }, status, error })
      }
      yield* moved
    }
  }))
