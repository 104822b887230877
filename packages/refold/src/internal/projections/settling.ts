import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { EventStoreError, OutcomeUnknown } from "../../EventStoreError.ts"
import type { StreamId } from "../../StreamId.ts"

const patience = Schedule.max([
  Schedule.min([Schedule.exponential("20 millis"), Schedule.spaced("500 millis")]),
  Schedule.during("10 seconds")
])

/**
 * Runs the transaction of an append, which calls `onCommit` when nothing is left to do in it. If the connection breaks then,
 * nobody knows whether it was committed: it is run again, under the same event ids, so that what is there is found.
 */
export const settle = <A, E, R>(
  attempt: (onCommit: Effect.Effect<void>) => Effect.Effect<A, E | EventStoreError, R>,
  { eventIds, stream }: { readonly stream: StreamId; readonly eventIds: ReadonlyArray<string> }
): Effect.Effect<A, E | EventStoreError, R> =>
  Effect.suspend(() => {
    let isCommitting = false
    let isInDoubt = false
    const onCommit = Effect.sync(() => {
      isCommitting = true
    })
    const once = Effect.suspend(() => {
      isCommitting = false
      return attempt(onCommit)
    }).pipe(Effect.tapError((error) =>
      Effect.sync(() => {
        isInDoubt ||= isCommitting && isUnavailable(error)
      })
    ))
    return Effect.retry(once, { while: (error) => isInDoubt && isUnavailable(error), schedule: patience }).pipe(
      Effect.mapError((error) =>
        isInDoubt && isUnavailable(error)
          ? new EventStoreError({ reason: new OutcomeUnknown({ stream, eventIds, cause: error }) })
          : error
      )
    )
  })

const isUnavailable = (error: unknown): boolean =>
  error instanceof EventStoreError && error.reason._tag === "Unavailable"
