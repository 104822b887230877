/**
 * Values that only one instance of an aggregate may have at a time: who has one, and what is told to others who want it.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Aggregate } from "./Aggregate.ts"
import type { RetriesExhausted } from "./Conflict.ts"
import type { Types } from "./Decider.ts"
import type { LogOptions } from "./EventSource.ts"
import { EventStore } from "./EventStore.ts"
import type { EventStoreError } from "./EventStoreError.ts"
import * as Reservations from "./internal/commands/reservations.ts"
import * as Reserving from "./internal/commands/reserving.ts"
import * as StreamId from "./StreamId.ts"

/**
 * What a state has under a rule: one value, several, or none. The empty string is none, too.
 *
 * @category models
 * @since 0.1.0
 */
export type Values = string | ReadonlyArray<string> | undefined

/**
 * A rule: no two instances of the same tenant may have the same value.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rule<in State> {
  readonly name: string
  readonly valuesOf: (state: State) => Values
}

/**
 * Another instance has the value. Nothing was appended.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotUnique<out Name extends string> extends Data.TaggedError("NotUnique")<{
  /** Who wanted it. */
  readonly stream: StreamId.StreamId
  readonly rule: string
  readonly value: string
  /** The id of the instance that has it. */
  readonly holder: string
}> {
  declare readonly rule: Name

  override get message(): string {
    const { category, id } = this.stream
    return `${StreamId.format({ ...this.stream, id })}: ${this.rule} ${JSON.stringify(this.value)} belongs to ` +
      StreamId.format({ ...this.stream, category, id: this.holder })
  }
}

/**
 * What commands are refused with under rules of these names; nothing if there are none.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Refusal<Name extends string> = [Name] extends [never] ? never : NotUnique<Name>

/**
 * The names of an aggregate's rules.
 *
 * @category utility types
 * @since 0.1.0
 */
export type RuleOf<T extends Types> = Extract<T["Rejection"], NotUnique<string>>["rule"]

/**
 * The id of the instance that has a value, of the tenant of the calling fiber; `undefined` if it is free.
 *
 * **Gotchas**
 *
 * To ask first and execute then is a race; the command finds out by itself.
 *
 * @category asking
 * @since 0.1.0
 */
export const holder = <T extends Types>(
  aggregate: Aggregate<T>,
  rule: RuleOf<T>,
  value: string
): Effect.Effect<string | undefined, EventStoreError, EventStore> =>
  Effect.flatMap(EventStore, (store) =>
    aggregate.unique.some(({ name }) => name === rule)
      ? Effect.map(Reservations.read(store, aggregate.category, rule, value), ({ holder }) => holder)
      : Effect.die(new Error(`${aggregate.category} has no unique ${rule}`)))

/**
 * What has come of claiming what was there: how many values are claimed now that were not before, and those that two
 * instances have.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claimed<out Name extends string> {
  readonly claimed: number
  readonly duplicates: ReadonlyArray<NotUnique<Name>>
}

/**
 * Claims the values of the streams that are there. Of two instances with the same value, the one that comes first in the
 * log gets it, and the other is told of.
 *
 * **When to use**
 *
 * Once, when an aggregate has got a rule: as soon as nobody executes commands any more who does not know it. And after
 * events were appended otherwise than by commands. It may be done again, and while commands are executed.
 *
 * @category claiming
 * @since 0.1.0
 */
export const claimAll = <T extends Types>(
  aggregate: Aggregate<T>,
  options: Pick<LogOptions, "tenants"> = {}
): Effect.Effect<Claimed<RuleOf<T>>, EventStoreError | RetriesExhausted, EventStore> =>
  Effect.flatMap(EventStore, (store) => Reserving.claimAll(store, aggregate, options))
