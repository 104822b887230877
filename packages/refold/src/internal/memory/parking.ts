import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { ProjectionStore } from "../../ProjectionStore.ts"
import type { StreamId } from "../../StreamId.ts"
import type { States } from "./projectionStates.ts"

type Parking = Pick<ProjectionStore["Service"], "park" | "parked" | "unpark" | "dropParked" | "retryParked">

const parkedKey = (partition: number, position: number) => `${partition}/${position}`

/** Events that are set aside. */
export const make = ({ change, partitionOf, stateOf }: States): Parking => ({
  park: (events) =>
    Effect.flatMap(DateTime.now, (parkedAt) =>
      Effect.sync(() => {
        for (const event of events) {
          const state = stateOf(event)
          if (state === undefined) continue
          state.parked.set(parkedKey(event.partition, event.position), { ...event, parkedAt, isToRetry: false })
          const partition = partitionOf(event)
          if (partition !== undefined && event.error !== "") partition.error = event.error
        }
      })),

  parked: (of) =>
    Effect.sync(() =>
      [...stateOf(of)?.parked.values() ?? []]
        .filter(({ partition }) => of.partition === undefined || partition === of.partition)
        .toSorted((one, other) => one.position - other.position)
    ),

  unpark: (id, positions) =>
    Effect.sync(() => {
      for (const position of positions) stateOf(id)?.parked.delete(parkedKey(id.partition, position))
    }),

  dropParked: (id, positions) =>
    change(id, ({ parked, partitions }) => {
      for (const [key, { partition, position }] of parked) {
        if (!positions.includes(position)) continue
        parked.delete(key)
        const affected = partitions[partition]
        if (affected === undefined) continue
        affected.token++
        affected.owner = undefined
      }
    }),

  retryParked: (id, { stream, wish }) =>
    change(id, ({ parked }) => {
      for (const [key, event] of parked) {
        if (event.isSkipped || (stream !== undefined && !isSameStream(event.stream, stream))) continue
        parked.set(key, { ...event, isToRetry: wish })
      }
    })
})

const isSameStream = (one: StreamId, other: StreamId) =>
  one.tenant === other.tenant && one.category === other.category && one.id === other.id
