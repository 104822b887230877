import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Aggregate } from "../../Aggregate.ts"
import type { Types } from "../../Decider.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Appended, RecordedEvent } from "../../RecordedEvent.ts"
import * as DerivedIds from "../store/derivedIds.ts"
import { streamId } from "../store/naming.ts"
import type { Failure } from "./turns.ts"

/**
 * Executes a command whose events have ids that follow from its own: who finds the first of them has found them all, and
 * they cannot be there twice.
 */
export const execute = Effect.fnUntraced(function*<T extends Types>(
  aggregate: Aggregate<T>,
  store: EventStore["Service"],
  id: string,
  commandId: string,
  attempt: (eventIdAt: (index: number) => string) => Effect.Effect<Appended<T["Event"]>, Failure<T>>
): Effect.fn.Return<Appended<T["Event"]>, Failure<T>> {
  const { category, tenant } = yield* streamId(aggregate.category, id)
  const eventIdAt = yield* DerivedIds.make([tenant, category, id, commandId])
  const done = find(aggregate, store, id, eventIdAt)
  const found = yield* done
  if (found !== undefined) return found
  return yield* Effect.catchReason(
    attempt(eventIdAt) as Effect.Effect<Appended<T["Event"]>, EventStoreError>,
    "EventStoreError",
    "EventIdTaken",
    (_, error) =>
      // somebody else sent it meanwhile, who decided otherwise
      Effect.flatMap(done, (found) => found === undefined ? Effect.fail(error) : Effect.succeed(found))
  ) as Effect.Effect<
    Appended<T["Event"]>,
    Failure<T>
  >
})

/** What the command appended, if it did. */
const find = Effect.fnUntraced(function*<T extends Types>(
  aggregate: Aggregate<T>,
  store: EventStore["Service"],
  id: string,
  eventIdAt: (index: number) => string
): Effect.fn.Return<Appended<T["Event"]> | undefined, EventStoreError> {
  const first: RecordedEvent<T["Event"]> | undefined = yield* store.find(aggregate, id, eventIdAt(0))
  if (first === undefined) return undefined
  const events = [first]
  yield* store.read(aggregate, id, { after: first.version }).pipe(
    Stream.takeWhile((event) => event.id === eventIdAt(events.length)),
    Stream.runForEach((event) =>
      Effect.sync(() => {
        events.push(event)
      })
    )
  )
  const { position, stream, version } = events[events.length - 1]!
  return { stream, version, position, events, missed: [], repeated: true }
})
