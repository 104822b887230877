import * as Effect from "effect/Effect"
import type * as Semaphore from "effect/Semaphore"
import type { PartitionId, ProjectionStore } from "../../ProjectionStore.ts"
import type { States } from "./projectionStates.ts"

/** A position nobody reaches: all that is handled is a replay. */
export const everything = [Number.MAX_SAFE_INTEGER]

/** Which version of a projection is live, and how another one comes to be. */
export const make = (
  { change, signal, stateOf }: States,
  live: Map<string, number>,
  turnOf: (id: PartitionId) => Semaphore.Semaphore
): Pick<ProjectionStore["Service"], "prepare" | "takeOver" | "liveVersion"> => ({
  prepare: (id) =>
    change(id, (state) => {
      if (live.get(id.name) === id.version) return
      for (const partition of state.partitions) {
        if (partition.status === "retired") state.gates = everything
        if (partition.status === "paused") continue
        partition.status = "running"
        partition.error = undefined
      }
    }),

  takeOver: (id, from) => {
    const old = from === undefined ? undefined : stateOf({ name: id.name, version: from })
    // what a handler has in hand is finished first
    const turns = (old?.partitions ?? []).map((_, partition) => turnOf({ name: id.name, version: from!, partition }))
    const changeOver = Effect.suspend(() => {
      const state = stateOf(id)
      if (state === undefined || live.get(id.name) !== from) return Effect.succeed(false)
      if (old?.partitions.some(({ position }) => position < Math.max(...old.gates))) return Effect.succeed(false)
      state.gates = (old ?? state).partitions.map(({ position }) => position)
      state.isReadable = true
      live.set(id.name, id.version)
      for (const partition of old?.partitions ?? []) {
        partition.status = "retired"
        partition.token++
        partition.owner = undefined
      }
      return Effect.succeed(true)
    })
    return Effect.tap(turns.reduce((self, turn) => turn.withPermit(self), changeOver), signal)
  },

  liveVersion: (name) => Effect.sync(() => live.get(name))
})
