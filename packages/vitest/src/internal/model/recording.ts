import { isReadonlyArrayNonEmpty } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import type { Tagged } from "refold/Decider"
import type { EventStore, StreamAppend } from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import type { Appended } from "refold/RecordedEvent"
import * as StreamId from "refold/StreamId"
import { type Attempt, keyOf, type Outcome, type Transaction } from "./history.ts"

/** What a fiber is at: the transaction it is in, and how often it gives way before its next calls of the store. */
export interface Doing {
  readonly transaction: Transaction | undefined
  readonly turns: Array<number>
}

export const CurrentlyDoing = Context.Reference<Doing>("@refold/vitest/StoreModel/CurrentlyDoing", {
  defaultValue: () => ({ transaction: undefined, turns: [] })
})

/** Lets others go first so many times. */
export const giveWay = (times: number): Effect.Effect<void> =>
  Effect.repeat(Effect.yieldNow, { times: times - 1 }).pipe(Effect.when(Effect.succeed(times > 0)), Effect.asVoid)

/** Lets others go first as often as the step that is under way says. */
export const takeTurns = Effect.flatMap(CurrentlyDoing, ({ turns }) => giveWay(turns.shift() ?? 0))

/** Counts instants, and keeps what was tried and what went wrong. */
export class Recorder {
  private instant = 0
  private readonly mayBeUnavailable: boolean
  readonly attempts: Array<Attempt> = []
  readonly faults: Array<string> = []

  constructor(options: { readonly mayBeUnavailable: boolean }) {
    this.mayBeUnavailable = options.mayBeUnavailable
  }

  now(): number {
    return ++this.instant
  }

  /** An error of the store is a fault, unless its connections are being broken and it says so. */
  readonly fault = (what: string, cause: Cause.Cause<unknown>): void => {
    const isHarmless = cause.reasons.every((reason) =>
      Cause.isInterruptReason(reason) ||
      (this.mayBeUnavailable && Cause.isFailReason(reason) && isUntold(reason.error))
    )
    if (!isHarmless) this.faults.push(`${what} failed: ${String(Cause.squash(cause))}`)
  }

  /** The store, with every append recorded and labelled. */
  readonly observe = (store: EventStore["Service"]): EventStore["Service"] => ({
    ...store,
    read: (source, id, options) => Stream.unwrap(Effect.as(takeTurns, store.read(source, id, options))),
    append: (source, id, events, options) =>
      Effect.flatMap(this.begin([{ ...options, source, id, events }]), ([attempt]) =>
        takeTurns.pipe(
          Effect.andThen(
            store.append(source, id, events, { ...options, metadata: labelled(attempt, options?.metadata) })
          ),
          Effect.onExit((exit) =>
            this.settle([attempt], Exit.isSuccess(exit) ? Exit.succeed([exit.value]) : Exit.failCause(exit.cause))
          )
        )),
    appendAll: <const Appends extends ReadonlyArray<StreamAppend>>(
      appends: Appends,
      options?: Pick<AppendCondition.AppendOptions, "metadata">
    ) =>
      Effect.flatMap(this.begin(appends), (attempts) =>
        takeTurns.pipe(
          Effect.andThen(store.appendAll(appends, { metadata: labelled(attempts[0], options?.metadata) })),
          Effect.onExit((exit) =>
            this.settle(attempts, Exit.isSuccess(exit) ? Exit.succeed(exit.value) : Exit.failCause(exit.cause))
          )
        ))
  })

  private begin(appends: ReadonlyArray<StreamAppend>) {
    return Effect.gen({ self: this }, function*() {
      const tenant = yield* StreamId.Tenant
      const { transaction } = yield* CurrentlyDoing
      const together: Array<Attempt> = []
      const beganAt = this.now()
      for (const { condition = AppendCondition.any, eventIds, events, id, source } of appends) {
        const attempt: Attempt = {
          id: this.attempts.length,
          stream: keyOf({ tenant, category: source.category, id }),
          condition,
          events,
          eventIds,
          together,
          transaction,
          beganAt,
          outcome: { _tag: "unknown" },
          endedAt: Infinity
        }
        this.attempts.push(attempt)
        together.push(attempt)
      }
      return isReadonlyArrayNonEmpty(together) ? together : yield* Effect.die("nothing to append")
    })
  }

  private settle(attempts: ReadonlyArray<Attempt>, exit: Exit.Exit<ReadonlyArray<Appended<Tagged>>, unknown>) {
    return Effect.sync(() => {
      const endedAt = this.now()
      for (const [index, attempt] of attempts.entries()) {
        attempt.endedAt = endedAt
        const appended = Exit.isSuccess(exit) ? exit.value[index] : undefined
        if (appended !== undefined) attempt.outcome = { _tag: "appended", appended }
        else if (Exit.isFailure(exit)) attempt.outcome = this.outcomeOf(attempt, exit.cause)
      }
    })
  }

  private outcomeOf(attempt: Attempt, cause: Cause.Cause<unknown>): Outcome {
    const [error] = cause.reasons.filter(Cause.isFailReason).map(({ error }) => error)
    if (error instanceof AppendCondition.AppendConditionFailed) return { _tag: "refused", error }
    if (error instanceof AppendCondition.AppendConditionsFailed) {
      const own = error.failures.find(({ stream }) => keyOf(stream) === attempt.stream)
      return own === undefined ? { _tag: "held" } : { _tag: "refused", error: own }
    }
    if (error instanceof EventStoreError) {
      const { isRetryable, reason } = error
      if (reason._tag === "EventIdTaken") return { _tag: "taken", reason }
      // in a transaction, it is only the next one that finds what has come to be there under the same ids meanwhile
      const mayMeetItself = attempt.transaction !== undefined && attempt.eventIds !== undefined
      if (!isRetryable || !mayMeetItself) this.fault(`an append to ${attempt.stream}`, cause)
      return { _tag: isRetryable ? "unavailable" : "unknown" }
    }
    this.fault(`an append to ${attempt.stream}`, cause)
    return { _tag: Cause.hasInterrupts(cause) ? "interrupted" : "unknown" }
  }
}

/** Whether an error of the store says that it was away. */
export const isUntold = (error: unknown): boolean =>
  error instanceof EventStoreError && (error.isRetryable || error.reason._tag === "OutcomeUnknown")

const labelled = (
  { id }: Attempt,
  metadata: AppendCondition.AppendOptions["metadata"]
): AppendCondition.AppendOptions["metadata"] => {
  const custom = { attempt: id }
  return typeof metadata === "function" ? (index) => ({ ...metadata(index), custom }) : { ...metadata, custom }
}
