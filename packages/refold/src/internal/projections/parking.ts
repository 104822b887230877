import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { EventOf, EventSources } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { ParkedEvent, PartitionLost } from "../../ProjectionStore.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import { Tenant } from "../../StreamId.ts"
import * as Failing from "./failing.ts"
import * as Handling from "./handling.ts"

/** The streams whose events wait. */
export const waiting = (parked: ReadonlyArray<ParkedEvent>): Set<string> =>
  new Set(parked.flatMap(({ isSkipped, stream }) => isSkipped ? [] : [Handling.nameOf(stream)]))

/** Tries again what somebody wishes to be tried again: stream by stream, each up to the first event that fails. */
export const retry = Effect.fnUntraced(function*<Sources extends EventSources, E, R>(
  hold: Handling.Hold<Sources, E, R>,
  store: EventStore["Service"]
): Effect.fn.Return<void, PartitionLost | EventStoreError, R> {
  const parked = yield* Failing.withPatience(hold.store.parked(Handling.idOf(hold)))
  const byStream = Arr.groupBy(parked.filter(({ isSkipped }) => !isSkipped), ({ stream }) => Handling.nameOf(stream))
  for (const [name, events] of Object.entries(byStream)) {
    if (!events.some(({ isToRetry }) => isToRetry)) continue
    const error = yield* retryStream(hold, store, events)
    if (error === undefined) hold.parkedStreams.delete(name)
  }
})

const retryStream = Effect.fnUntraced(function*<Sources extends EventSources, E, R>(
  hold: Handling.Hold<Sources, E, R>,
  store: EventStore["Service"],
  parked: ReadonlyArray<ParkedEvent>
): Effect.fn.Return<string | undefined, PartitionLost | EventStoreError, R> {
  for (const one of parked) {
    const again = Effect.flatMap(
      read(hold, store, one),
      (event) => event === undefined ? Effect.void : Handling.work(hold, [event])
    )
    const unpark = hold.store.unpark(Handling.idOf(hold), [one.position])
    const done = Handling.moved(hold, { events: 1 }, { aside: unpark, handled: again })
    const failure = yield* Failing.withPatience(done).pipe(
      Effect.as(undefined),
      Effect.catchTag("HandlerFailed", ({ cause }) => Effect.succeed(Handling.describe(cause))),
      Effect.catchReason("EventStoreError", "UnreadableEvent", ({ message }) => Effect.succeed(message))
    )
    if (failure === undefined) continue
    yield* Effect.logError(`${one.type} at position ${one.position} failed again and stays parked: ${failure}`)
    const { stream } = one
    const stay = Effect.andThen(
      hold.store.park([{ ...one, error: failure }]),
      hold.store.retryParked(hold.projection, { stream, wish: false })
    )
    yield* Failing.withPatience(Handling.commit(hold, {}, stay))
    return failure
  }
  return undefined
})

/** The event itself; `undefined` if nobody here is interested in its category any more. */
const read = <Sources extends EventSources, E, R>(
  { projection: { from } }: Handling.Hold<Sources, E, R>,
  store: EventStore["Service"],
  { eventVersion, stream }: ParkedEvent
): Effect.Effect<RecordedEvent<EventOf<Sources>> | undefined, EventStoreError> => {
  const source = from.find(({ category }) => category === stream.category)
  if (source === undefined) return Effect.succeed(undefined)
  return store.read(source, stream.id, { after: eventVersion - 1, upTo: eventVersion }).pipe(
    Stream.runCollect,
    Effect.map(([event]) => event as RecordedEvent<EventOf<Sources>> | undefined),
    Effect.provideService(Tenant, stream.tenant)
  )
}
