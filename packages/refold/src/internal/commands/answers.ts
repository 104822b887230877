import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import { RetriesExhausted } from "../../Conflict.ts"
import { EventStoreError } from "../../EventStoreError.ts"

const patiently = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])

/** Waits for a store that is away, and asks again if the answer was lost: for what happens once however often it is asked. */
export const untilAnswered = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(self, { while: isPassing, schedule: patiently })

const isPassing = (error: unknown): boolean =>
  error instanceof EventStoreError
    ? error.isRetryable || error.reason._tag === "OutcomeUnknown"
    : error instanceof RetriesExhausted

/** Whether a command has been refused: anything else that went wrong says nothing of it. */
export const isRefusal = (error: unknown): boolean =>
  !(error instanceof EventStoreError) && !(error instanceof RetriesExhausted)

/** Why it was refused. */
export const reasonOf = (error: unknown): { readonly reason: string; readonly message: string } => ({
  reason: Predicate.hasProperty(error, "_tag") && typeof error._tag === "string" ? error._tag : "Rejected",
  message: error instanceof Error ? error.message : String(error)
})
