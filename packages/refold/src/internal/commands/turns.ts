import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Conflict, RetriesExhausted } from "../../Conflict.ts"
import type { Types } from "../../Decider.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Metadata } from "../../Metadata.ts"
import type { Appended } from "../../RecordedEvent.ts"
import type { Telemetry } from "../telemetry.ts"
import type { Question } from "./deliberation.ts"
import type * as Lines from "./lines.ts"
import type { Arrival, Moment } from "./timelines.ts"

/** How a command can end badly. */
export type Failure<T extends Types> = T["Rejection"] | Conflict<T["Event"]> | RetriesExhausted | EventStoreError

/** A command on its way. */
export interface Turn<T extends Types> extends Lines.Turn<Appended<T["Event"]>, Failure<T>> {
  readonly question: Question<T>
  /** What was known when it arrived. */
  readonly arrival: Arrival<T["State"], T["Event"]>
  /** How often the store had been asked when it arrived. */
  readonly asked: number
  readonly metadata: Metadata
  /** The ids its events are to have, by their place; made at random if it has none. */
  readonly eventIdAt: ((index: number) => string) | undefined
  readonly attempts: number
  attemptsLeft: number
  readonly context: Context.Context<never>
  readonly telemetry: Telemetry
  /** Whether anybody looks at its spans. */
  readonly isTraced: boolean
  mustGoAlone: boolean
  /** The state it is to save as a snapshot when it has landed. */
  toSave: Moment<T["State"], T["Event"]> | undefined
}

export type Line<T extends Types> = Lines.Line<T["State"], T["Event"], Turn<T>>

export type LinesOf<T extends Types> = Lines.Lines<T["State"], T["Event"], Turn<T>>

/** Spreads out those who race for one stream from several processes: up to 4, 8 … 128 ms. */
export const backOff = <T extends Types>({ attempts, attemptsLeft }: Turn<T>) =>
  Effect.flatMap(
    Random.nextBetween(0, 2 ** Math.min(attempts - attemptsLeft, 7)),
    (millis) => Effect.sleep(millis)
  )
