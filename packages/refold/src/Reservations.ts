/**
 * Who has the unique values: each is reserved for its holder in a stream of its own.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Aggregate } from "./Aggregate.ts"
import type { RetriesExhausted } from "./Conflict.ts"
import type { Types } from "./Decider.ts"
import type { LogOptions } from "./EventSource.ts"
import { EventStore } from "./EventStore.ts"
import type { EventStoreError } from "./EventStoreError.ts"
import * as Reserved from "./internal/commands/reservations.ts"
import * as Reserving from "./internal/commands/reserving.ts"
import type * as Unique from "./Unique.ts"

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
  rule: Unique.RuleOf<T>,
  value: string
): Effect.Effect<string | undefined, EventStoreError, EventStore> =>
  Effect.flatMap(EventStore, (store) =>
    aggregate.unique.some(({ name }) => name === rule)
      ? Effect.map(Reserved.read(store, aggregate.category, rule, value), ({ holder }) => holder)
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
  readonly duplicates: ReadonlyArray<Unique.NotUnique<Name>>
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
): Effect.Effect<Claimed<Unique.RuleOf<T>>, EventStoreError | RetriesExhausted, EventStore> =>
  Effect.flatMap(EventStore, (store) => Reserving.claimAll(store, aggregate, options))
