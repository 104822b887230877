import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Aggregate } from "../../Aggregate.ts"
import type { Types } from "../../Decider.ts"
import type { EventStore } from "../../EventStore.ts"
import { EventStoreError } from "../../EventStoreError.ts"
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
  const first = yield* Effect.result(attempt(eventIdAt))
  if (hasAppended(first)) return first.success
  if (Result.isFailure(first) && isUnavailable(first.failure)) return yield* Effect.fail(first.failure)
  // if it was sent twice at the same time, this may be what the other one has left to be decided
  const meanwhile = yield* done
  if (meanwhile !== undefined) return meanwhile
  if (Result.isFailure(first) && first.failure instanceof EventStoreError) return yield* Effect.fail(first.failure)
  // whoever sent it may have heard of an event before this process, which was still waiting for the answer of the store
  const second = yield* Effect.result(attempt(eventIdAt))
  return hasAppended(second) ? second.success : (yield* done) ?? (yield* Effect.fromResult(second))
})

const hasAppended = <Event, E>(
  result: Result.Result<Appended<Event>, E>
): result is Result.Success<Appended<Event>, E> =>
  Result.isSuccess(result) && !result.success.repeated && result.success.events.length > 0

const isUnavailable = (error: unknown): boolean => error instanceof EventStoreError && error.isRetryable

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
    Stream.takeWhile((event) => event.id === eventIdAt(event.version - first.version)),
    Stream.runForEach((event) =>
      Effect.sync(() => {
        events.push(event)
      })
    )
  )
  const { position, stream, version } = events[events.length - 1]!
  return { stream, version, position, events, missed: [], repeated: true }
})
