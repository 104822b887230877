import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { ProjectionStatus } from "../../Projections.ts"
import type { PartitionStatus, ProjectionStore, Status } from "../../ProjectionStore.ts"

/** What was seen, and when. */
export interface Overview {
  readonly takenAt: number
  readonly projections: ReadonlyArray<ProjectionStatus>
}

/** Who needs somebody most comes first. */
const order: ReadonlyArray<Status> = ["stopped", "paused", "running", "retired"]

export const list = (
  store: ProjectionStore["Service"],
  name: string | undefined,
  before: Overview | undefined
): Effect.Effect<ReadonlyArray<ProjectionStatus>, EventStoreError> =>
  Effect.map(take(store, name, () => before), ({ projections }) => projections)

export const take = Effect.fnUntraced(function*(
  store: ProjectionStore["Service"],
  name: string | undefined,
  before: () => Overview | undefined
): Effect.fn.Return<Overview, EventStoreError> {
  const all = yield* store.list(name)
  const takenAt = yield* Clock.currentTimeMillis
  const byProjection = new Map<string, Array<PartitionStatus>>()
  for (const partition of all) {
    const key = keyOf(partition)
    const others = byProjection.get(key)
    if (others === undefined) byProjection.set(key, [partition])
    else others.push(partition)
  }
  const earlier = new Map(before()?.projections.map((projection) => [keyOf(projection), projection]))
  const projections: Array<ProjectionStatus> = []
  for (const [key, partitions] of byProjection) {
    const [first] = partitions
    if (first === undefined) continue
    const handled = sum(partitions, ({ handled }) => handled)
    const position = Math.min(...partitions.map(({ position }) => position))
    const since = Math.min(
      ...partitions.map(({ behindSince }) => behindSince === undefined ? takenAt : DateTime.toEpochMillis(behindSince))
    )
    const known = earlier.get(key)
    const seconds = (takenAt - (before()?.takenAt ?? takenAt)) / 1_000
    projections.push({
      name: first.name,
      version: first.version,
      isLive: first.isLive,
      status: order.find((status) => partitions.some((partition) => partition.status === status)) ?? "running",
      position,
      lag: Math.max(...partitions.map(({ behind }) => behind)),
      lagMillis: Math.max(0, takenAt - since),
      handled,
      rate: known === undefined || seconds <= 0 ? undefined : Math.max(0, handled - known.handled) / seconds,
      parked: sum(partitions, ({ parked }) => parked),
      partitions
    })
  }
  return { takenAt, projections }
})

const keyOf = ({ name, version }: { readonly name: string; readonly version: number }) =>
  JSON.stringify([name, version])

const sum = <A>(all: ReadonlyArray<A>, of: (one: A) => number) => all.reduce((sum, one) => sum + of(one), 0)
