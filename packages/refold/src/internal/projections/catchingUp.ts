import * as Effect from "effect/Effect"
import type { EventSources } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Projection, RunOptions } from "../../Projection.ts"
import { type PartitionsDiffer, ProjectionHalted, type ProjectionId, ProjectionStore } from "../../ProjectionStore.ts"
import * as Worker from "./worker.ts"

/** Runs a projection until it has come to where the log ends now, or fails. */
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

/** Waits until the log as it is now is handled. */
export const whenCaughtUp = (
  store: ProjectionStore["Service"],
  { name, version }: ProjectionId
): Effect.Effect<number, ProjectionHalted | EventStoreError> =>
  Effect.scoped(Effect.gen(function*() {
    const moved = yield* store.watch
    let end: number | undefined
    for (;;) {
      const partitions = (yield* store.list(name)).filter((partition) => partition.version === version)
      const position = Math.min(...partitions.map(({ position }) => position))
      end ??= partitions[0]?.end
      if (end !== undefined && position >= end) return position
      for (const { error, position, status } of partitions) {
        if (status === "running" || position >= (end ?? 0)) continue
        return yield* new ProjectionHalted({ projection: { name, version }, status, error })
      }
      yield* moved
    }
  }))
