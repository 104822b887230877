import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import type { Tagged } from "refold/Decider"
import type { EventStore } from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import type { Appended } from "refold/RecordedEvent"
import { type Attempt, keyOf, type Transaction } from "./history.ts"

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
      Cause.isInterruptReason(reason) || (
        this.mayBeUnavailable && Cause.isFailReason(reason) && reason.error instanceof EventStoreError &&
        reason.error.isRetryable
      )
    )
    if (!isHarmless) this.faults.push(`${what} failed: ${String(Cause.squash(cause))}`)
  }

  /** The store, with every append recorded and labelled. */
  readonly observe = (store: EventStore["Service"]): EventStore["Service"] => ({
    ...store,
    read: (source, id, options) => Stream.unwrap(Effect.as(takeTurns, store.read(source, id, options))),
    append: (source, id, events, options) =>
      Effect.flatMap(CurrentlyDoing, ({ transaction }) => {
        const attempt: Attempt = {
          id: this.attempts.length,
          stream: keyOf(source.category, id),
          condition: options?.condition ?? AppendCondition.any,
          events,
          transaction,
          beganAt: this.now(),
          outcome: { _tag: "unknown" },
          endedAt: Infinity
        }
        this.attempts.push(attempt)
        const metadata = { ...options?.metadata, custom: { attempt: attempt.id } }
        return takeTurns.pipe(
          Effect.andThen(store.append(source, id, events, { ...options, metadata })),
          Effect.onExit((exit) => Effect.sync(() => this.settle(attempt, exit)))
        )
      })
  })

  private settle(
    attempt: Attempt,
    exit: Exit.Exit<Appended<Tagged>, AppendCondition.AppendConditionFailed<Tagged> | EventStoreError>
  ): void {
    attempt.endedAt = this.now()
    if (Exit.isSuccess(exit)) {
      attempt.outcome = { _tag: "appended", appended: exit.value }
      return
    }
    const refusal = exit.cause.reasons.filter(Cause.isFailReason).map(({ error }) => error).find(isRefusal)
    if (refusal !== undefined) attempt.outcome = { _tag: "refused", error: refusal }
    else this.fault(`an append to ${attempt.stream}`, exit.cause)
  }
}

const isRefusal = (error: unknown): error is AppendCondition.AppendConditionFailed<Tagged> =>
  error instanceof AppendCondition.AppendConditionFailed
