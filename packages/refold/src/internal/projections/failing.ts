import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { EventSources } from "../../EventSource.ts"
import type { EventStoreError, UnreadableEvent } from "../../EventStoreError.ts"
import type { RunOptions } from "../../Projection.ts"
import type { PartitionLost } from "../../ProjectionStore.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import * as Handling from "./handling.ts"

/** What to do with an event that fails. */
export type Policy = Required<Pick<RunOptions, "retry" | "onFailure">>

/** Whether the partition was stopped, at an event that failed. */
export type Outcome = "went on" | "stopped"

const patiently = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])

/** Waits for a store that is away, and says so once: what it was to do is not to blame. */
export const withPatience = <A, E, R>(self: Effect.Effect<A, E | EventStoreError, R>) =>
  Effect.suspend(() => {
    let isTold = false
    return Effect.retry(self, {
      while: (error: E | EventStoreError) => {
        if (!isStoreError(error) || !error.isRetryable) return false
        if (isTold) return true
        isTold = true
        return Effect.as(Effect.logWarning(`a projection waits for the store: ${error.message}`), true)
      },
      schedule: patiently
    })
  })

const isStoreError = (error: unknown): error is EventStoreError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "EventStoreError"

/**
 * Handles events; if that fails, in halves, until the one that is to blame is alone: it is tried again, and then given up
 * as the policy says.
 */
export const handle = <Sources extends EventSources, E, R>(
  hold: Handling.Hold<Sources, E, R>,
  events: Handling.Events<Sources>,
  policy: Policy,
  to?: number
): Effect.Effect<Outcome, PartitionLost | EventStoreError, R> => {
  const whole = withPatience(Handling.handle(hold, events, to))
  const [first] = events
  if (events.length > 1) {
    const middle = Math.ceil(events.length / 2)
    return Effect.matchEffect(whole, {
      onSuccess: () => Effect.succeed<Outcome>("went on"),
      onFailure: (error) =>
        error._tag === "HandlerFailed"
          ? Effect.flatMap(handle(hold, [first, ...events.slice(1, middle)], policy), (outcome) => {
            const [second, ...others] = events.slice(middle)
            return outcome === "stopped" || second === undefined
              ? Effect.succeed(outcome)
              : handle(hold, [second, ...others], policy, to)
          })
          : Effect.fail(error)
    })
  }
  return Effect.retry(whole, { while: ({ _tag }) => _tag === "HandlerFailed", schedule: policy.retry }).pipe(
    Effect.as<Outcome>("went on"),
    Effect.catchTag("HandlerFailed", ({ cause }) => giveUp(hold, first, Handling.describe(cause), policy))
  )
}

/** An event nobody here can read is to blame itself. */
export const unreadable = <Sources extends EventSources, E, R>(
  hold: Handling.Hold<Sources, E, R>,
  event: UnreadableEvent,
  policy: Policy
): Effect.Effect<Outcome, PartitionLost | EventStoreError> => giveUp(hold, event, event.message, policy)

const giveUp = <Sources extends EventSources, E, R>(
  hold: Handling.Hold<Sources, E, R>,
  event: Pick<RecordedEvent<unknown>, "position" | "stream" | "type" | "version">,
  error: string,
  { onFailure }: Policy
): Effect.Effect<Outcome, PartitionLost | EventStoreError> => {
  const { claim: { token }, projection: { name, version }, store } = hold
  const what = `${name} v${version}: ${event.type} at position ${event.position}`
  if (onFailure === "stop") {
    return Effect.as(
      Effect.andThen(
        Effect.logError(`${what} failed; the partition is stopped there: ${error}`),
        withPatience(store.stop(Handling.idOf(hold), token, `position ${event.position}: ${error}`))
      ),
      "stopped"
    )
  }
  const isSkipped = onFailure === "skip"
  const aside = store.park([Handling.setAside(hold, event, error, isSkipped)])
  return Effect.gen(function*() {
    yield* Effect.logError(`${what} failed and is ${isSkipped ? "skipped" : "parked"}: ${error}`)
    yield* withPatience(Handling.commit(hold, { to: event.position }, aside))
    if (!isSkipped) hold.parkedStreams.add(Handling.nameOf(event.stream))
    return "went on" as const
  })
}
