/**
 * How far projections have come, kept where their results are kept.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import type { EventStoreError } from "./EventStoreError.ts"

/**
 * A projection is told apart by its name and version: version 2 beside version 1 has a checkpoint of its own. Tenants do
 * not: give a projection that runs for several of them a name for each.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProjectionId {
  readonly name: string
  readonly version: number
}

/**
 * Somebody else moved the checkpoint: two workers run the same projection. The batch was rolled back, nothing is lost.
 *
 * @category errors
 * @since 0.1.0
 */
export class CheckpointMoved extends Data.TaggedError("CheckpointMoved")<{
  readonly projection: ProjectionId
  readonly expected: number
}> {
  override get message(): string {
    return `${this.projection.name} v${this.projection.version}: the checkpoint is no longer at position ` +
      `${this.expected}; another worker runs this projection`
  }
}

/**
 * Keeps the checkpoints of projections. Engines provide it together with their `EventStore`; projections use it.
 *
 * @category services
 * @since 0.1.0
 */
export class Checkpoints extends Context.Service<Checkpoints, {
  /** The position up to which the projection has been handled; 0 at first. */
  readonly get: (projection: ProjectionId) => Effect.Effect<number, EventStoreError>

  /**
   * Moves the checkpoint and runs `handle` in one transaction, where the engine has transactions: both happen or neither.
   */
  readonly advance: (
    projection: ProjectionId,
    move: { readonly from: number; readonly to: number }
  ) => <A, E, R>(handle: Effect.Effect<A, E, R>) => Effect.Effect<A, E | CheckpointMoved | EventStoreError, R>
}>()("refold/Checkpoints") {}

/**
 * Checkpoints that are forgotten with the process. There is nothing to roll back: a handler that fails halfway is run
 * again on the same events.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<Checkpoints> = Layer.sync(Checkpoints, () => {
  const positions = new Map<string, number>()
  const turns = new Map<string, Semaphore.Semaphore>()
  const turnOf = (projection: ProjectionId) => {
    const name = key(projection)
    let turn = turns.get(name)
    if (turn === undefined) turns.set(name, turn = Semaphore.makeUnsafe(1))
    return turn
  }
  const key = ({ name, version }: ProjectionId) => JSON.stringify([name, version])
  return Checkpoints.of({
    get: (projection) => Effect.sync(() => positions.get(key(projection)) ?? 0),
    advance: (projection, { from, to }) =>
      Effect.fnUntraced(function*(handle) {
        const position = positions.get(key(projection)) ?? 0
        if (position !== from) return yield* new CheckpointMoved({ projection, expected: from })
        const result = yield* handle
        positions.set(key(projection), to)
        return result
      }, turnOf(projection).withPermit)
  })
})
