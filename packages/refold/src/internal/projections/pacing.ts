import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Pace } from "./partition.ts"

/** Batches that are small enough for a limit not to be felt in gusts, and the wait before each; any number if undefined. */
export const paced = (
  batchSize: number,
  eventsPerSecond: number | undefined
): { readonly batchSize: number; readonly pace: Pace | undefined } =>
  eventsPerSecond === undefined
    ? { batchSize, pace: undefined }
    : { batchSize: Math.max(1, Math.min(batchSize, Math.floor(eventsPerSecond / 4))), pace: make(eventsPerSecond) }

/** Partitions take turns: each waits until those before it have had their time. */
const make = (eventsPerSecond: number): Pace => {
  let next = 0
  return (events) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const start = Math.max(now, next)
      next = start + events / eventsPerSecond * 1_000
      return start > now ? Effect.sleep(start - now) : Effect.void
    })
}
