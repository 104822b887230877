import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { EventStoreError } from "../../EventStoreError.ts"
import { PartitionLost } from "../../ProjectionStore.ts"

/**
 * What a handler that does not run in the transaction has to say of what leaves no other trace: it is said by who has the
 * partition, or not at all. Who was replaced while it was at work has an old answer.
 */
export interface Fence {
  /** Leaves it to be said where the partition moves on, in that transaction. */
  readonly leave: (saying: Effect.Effect<void, EventStoreError>) => Effect.Effect<void>
  /** Has what was left said now, where the partition stands, if it is so much; asked again, it must come to the same. */
  readonly settle: (atLeast: number) => Effect.Effect<void, PartitionLost | EventStoreError>
}

/** The fence of what is being handled. */
export const Current = Context.Reference<Fence>("refold/Projection/Fence", {
  defaultValue: () => ({ leave: Effect.orDie, settle: () => Effect.void })
})

/** A fence for one batch; `commit` does something where the partition stands, if it is still the worker's own. */
export const make = (
  commit: (work: Effect.Effect<void, EventStoreError>) => Effect.Effect<void, PartitionLost | EventStoreError>
) => {
  const left: Array<Effect.Effect<void, EventStoreError>> = []
  const turn = Semaphore.makeUnsafe(1)
  let lost: PartitionLost | undefined

  /** Those who come while others are being said are said together. */
  const settle: Fence["settle"] = (atLeast) =>
    turn.withPermit(Effect.suspend(() => {
      if (left.length < atLeast) return Effect.void
      const said = [...left]
      return commit(Effect.all(said, { discard: true })).pipe(
        Effect.tap(() => Effect.sync(() => left.splice(0, said.length))),
        Effect.tapError((error) =>
          Effect.sync(() => {
            if (error instanceof PartitionLost) lost = error
          })
        )
      )
    }))
  const leave: Fence["leave"] = (saying) =>
    Effect.sync(() => {
      left.push(saying)
    })
  return {
    /** What is left at the end. */
    rest: Effect.suspend(() => Effect.all(left, { discard: true })),
    /** A handler that hears of the loss has not failed. */
    guard: <E, R>(handled: Effect.Effect<void, E, R>): Effect.Effect<void, E | PartitionLost, R> =>
      Effect.mapError(Effect.provideService(handled, Current, { leave, settle }), (error) => lost ?? error)
  }
}
