import type { AppendCondition, AppendConditionFailed } from "refold/AppendCondition"
import type { Conflict, RetriesExhausted } from "refold/Conflict"
import type { Tagged } from "refold/Decider"
import type { EventIdTaken } from "refold/EventStoreError"
import type { Appended, RecordedEvent } from "refold/RecordedEvent"
import type { StreamId } from "refold/StreamId"
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

/** A single call of `EventStore.append`, by a client or by an aggregate on behalf of one, or a part of one of `appendAll`. */
export interface Attempt {
  /** Stored in the metadata of its events, by which they are found again; of several parts, that of the first. */
  readonly id: number
  readonly stream: string
  readonly condition: AppendCondition
  readonly events: ReadonlyArray<Tagged>
  readonly eventIds: ReadonlyArray<string> | undefined
  /** What is appended in the same call, itself included. */
  readonly together: ReadonlyArray<Attempt>
  readonly transaction: Transaction | undefined
  readonly beganAt: number
  outcome: Outcome
  endedAt: number
}

/** What became of an attempt, as its client was told. */
export type Outcome =
  | { readonly _tag: "appended"; readonly appended: Appended<Tagged> }
  | { readonly _tag: "refused"; readonly error: AppendConditionFailed<Tagged> }
  /** The conditions of other parts did not hold. */
  | { readonly _tag: "held" }
  | { readonly _tag: "taken"; readonly reason: EventIdTaken }
  /** Nothing was appended, as the store was away. */
  | { readonly _tag: "unavailable" }
  /** It may have happened, but not later. */
  | { readonly _tag: "interrupted" }
  | { readonly _tag: "unknown" }

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
  readonly of: string | { readonly tenant: string; readonly categories: ReadonlyArray<string> }
  readonly after: number
  readonly events: ReadonlyArray<Recorded>
  readonly beganAt: number
  readonly endedAt: number
}

/** What a subscriber saw until the last event of the program was before it. */
export interface Subscription {
  readonly tenant: string
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
  /** The log as each tenant reads it. */
  readonly logs: ReadonlyMap<string, ReadonlyArray<Recorded>>
  readonly streams: ReadonlyMap<string, { readonly events: ReadonlyArray<Recorded>; readonly version: number }>
  /** What went wrong on the way in a manner no store may. */
  readonly faults: ReadonlyArray<string>
  /** Whether connections were broken on purpose. */
  readonly wasBroken: boolean
}

/** The key by which streams are told apart here. */
export const keyOf = ({ category, id, tenant }: StreamId): string => `${tenant}/${category}/${id}`

export const keyOfEvent = ({ stream }: RecordedEvent<Tagged>): string => keyOf(stream)

/** The number of the attempt that appended an event, or of the first of those that did so together. */
export const labelOf = ({ metadata }: RecordedEvent<Tagged>): number =>
  Number(metadata.custom?.["attempt"] ?? Number.NaN)
