import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { ParkedEvent, PartitionId, ProjectionId, Status, StoredRow } from "../../ProjectionStore.ts"

/** A partition, with what a row of a table would hold. */
export interface Partition {
  position: number
  token: number
  owner: string | undefined
  error: string | undefined
  handled: number
  movedAt: DateTime.Utc | undefined
  status: Status
}

/** A version of a projection. */
export interface State {
  readonly id: ProjectionId
  readonly categories: ReadonlyArray<string>
  readonly partitions: ReadonlyArray<Partition>
  /** Until when each worker has its partitions. */
  readonly workers: Map<string, number>
  readonly parked: Map<string, ParkedEvent & { readonly isToRetry: boolean }>
  readonly rows: Map<string, StoredRow>
  gates: ReadonlyArray<number>
  isReadable: boolean
}

const keyOf = ({ name, version }: ProjectionId) => JSON.stringify([name, version])

/** What is known of all projections; `signal` tells those who watch that something has changed. */
export const make = (signal: Effect.Effect<unknown>) => {
  const states = new Map<string, State>()
  const stateOf = (id: ProjectionId): State | undefined => states.get(keyOf(id))
  return {
    signal,
    all: (): Iterable<State> => states.values(),
    add: (state: State): void => {
      states.set(keyOf(state.id), state)
    },
    remove: (id: ProjectionId): void => {
      states.delete(keyOf(id))
    },
    stateOf,
    partitionOf: (id: PartitionId): Partition | undefined => stateOf(id)?.partitions[id.partition],
    change: (id: ProjectionId, f: (state: State) => void): Effect.Effect<void> =>
      Effect.asVoid(Effect.andThen(
        Effect.sync(() => {
          const state = stateOf(id)
          if (state !== undefined) f(state)
        }),
        signal
      ))
  }
}

export type States = ReturnType<typeof make>
