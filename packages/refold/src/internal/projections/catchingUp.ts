import * as Effect from "effect/Effect"
import type { EventSources } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Projection, RunOptions } from "../../Projection.ts"
import { type PartitionsDiffer, type ProjectionId, ProjectionStore } from "../../ProjectionStore.ts"
import { limitOf } from "./limits.ts"
import * as Worker from "./worker.ts"

/** Runs a projection until it has come to where it may go now, or fails. */
export const catchUp = <Sources extends EventSources, E, R>(
  projection: Projection<Sources, E, R>,
  options: Omit<RunOptions, "onFailure" | "retry"> = {}
): Effect.Effect<number, E | PartitionsDiffer | EventStoreError, R | EventStore | ProjectionStore> =>
  Effect.gen(function*() {
    const store = yield* ProjectionStore
    const categories = projection.from.map(({ category }) => category)
    yield* store.register(projection, { partitions: options.partitions, categories })
    return yield* Effect.raceFirst(
      whenCaughtUp(store, projection),
      Worker.runStrictly(projection, { worker: "catch-up", ...options })
    )
  })

/** Waits until the log as it is now is handled; by a version that is not live, what the live one has handled. */
export const whenCaughtUp = (
  store: ProjectionStore["Service"],
  projection: ProjectionId
): Effect.Effect<number, EventStoreError> =>
  Effect.scoped(Effect.gen(function*() {
    const moved = yield* store.watch
    let goals: ReadonlyArray<number> | undefined
    for (;;) {
      const all = yield* store.list(projection.name)
      const partitions = all.filter(({ version }) => version === projection.version)
      const others = all.filter(({ isLive, version }) => isLive && version !== projection.version)
      goals ??= partitions.map(({ end, partition }) => limitOf(partition, partitions.length, others) ?? end)
      if (partitions.length > 0 && partitions.every(({ partition, position }) => position >= (goals?.[partition] ?? 0))) {
        return Math.min(...partitions.map(({ position }) => position))
      }
      if (partitions.length === 0) goals = undefined
      yield* moved
    }
  }))
