import type { AppendCondition, AppendConditionFailed } from "refold/AppendCondition"
import type { Conflict, RetriesExhausted } from "refold/Conflict"
import type { Tagged } from "refold/Decider"
import type { Appended, RecordedEvent } from "refold/RecordedEvent"
import type { StockCommand, StockEvent, TooLittle } from "./domain.ts"
import type { Program } from "./program.ts"

/*
 * What happened while a program ran, as its clients saw it. Instants are counted, not measured: whatever ended at an
 * instant had ended before anything that began at a later one.
 */

export type Recorded = RecordedEvent<StockEvent>

/** A transaction of the user's. It is `unknown` how it ended if its client was not told. */
export interface Transaction {
  end: "committed" | "rolled back" | "unknown"
  endedAt: number
}

/** A single call of `EventStore.append`, by a client or by an aggregate on behalf of one. */
export interface Attempt {
  /** Stored in the metadata of its events, by which they are found again. */
  readonly id: number
  readonly stream: string
  readonly condition: AppendCondition
  readonly events: ReadonlyArray<Tagged>
  readonly transaction: Transaction | undefined
  readonly beganAt: number
  /** It is `unknown` what became of it if it was interrupted, or the store was not available. */
  outcome:
    | { readonly _tag: "appended"; readonly appended: Appended<Tagged> }
    | { readonly _tag: "refused"; readonly error: AppendConditionFailed<Tagged> }
    | { readonly _tag: "unknown" }
  endedAt: number
}

/** A command that was executed by an aggregate. */
export interface Execution {
  readonly stream: string
  readonly command: StockCommand
  readonly seen: number | undefined
  readonly strict: boolean
  readonly transaction: Transaction | undefined
  readonly beganAt: number
  readonly endedAt: number
  readonly outcome: Appended<StockEvent> | Conflict<StockEvent> | RetriesExhausted | TooLittle
}

/** The events that were read from a stream, or from the log. */
export interface Reading {
  readonly of: string | ReadonlyArray<string>
  readonly after: number
  readonly events: ReadonlyArray<Recorded>
  readonly beganAt: number
  readonly endedAt: number
}

/** What a subscriber saw until the last event of the program was before it. */
export interface Subscription {
  readonly categories: ReadonlyArray<string>
  readonly after: number
  readonly events: ReadonlyArray<Recorded>
}

export interface History {
  readonly program: Program
  readonly attempts: ReadonlyArray<Attempt>
  readonly executions: ReadonlyArray<Execution>
  readonly readings: ReadonlyArray<Reading>
  readonly subscriptions: ReadonlyArray<Subscription>
  /** Everything that is in the store in the end: the log, and each stream as it is read and as its version is told. */
  readonly log: ReadonlyArray<Recorded>
  readonly streams: ReadonlyMap<string, { readonly events: ReadonlyArray<Recorded>; readonly version: number }>
  /** What went wrong on the way in a manner no store may. */
  readonly faults: ReadonlyArray<string>
}

/** The key by which streams are told apart here. */
export const keyOf = (category: string, id: string): string => `${category}/${id}`

export const keyOfEvent = ({ stream }: RecordedEvent<Tagged>): string => keyOf(stream.category, stream.id)

/** The attempt that appended an event. */
export const attemptOf = ({ metadata }: RecordedEvent<Tagged>): number =>
  Number(metadata.custom?.["attempt"] ?? Number.NaN)
