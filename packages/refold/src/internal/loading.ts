import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Aggregate, Loaded, LoadOptions } from "../Aggregate.ts"
import type { Types } from "../Decider.ts"
import type { EventStore } from "../EventStore.ts"
import type { EventStoreError } from "../EventStoreError.ts"

/** Folds a stream, up to a version or an instant if asked to. */
export const load = Effect.fnUntraced(function*<T extends Types>(
  aggregate: Aggregate<T>,
  store: EventStore["Service"],
  id: string,
  { at, version = Infinity }: LoadOptions
): Effect.fn.Return<Loaded<T["State"]>, EventStoreError> {
  let loaded: Loaded<T["State"]> = { state: aggregate.initial, version: 0, position: 0 }
  yield* store.read(aggregate, id).pipe(
    Stream.takeWhile((event) =>
      event.version <= version && (at === undefined || DateTime.isLessThanOrEqualTo(event.recordedAt, at))
    ),
    Stream.runForEachArray((events) =>
      Effect.sync(() => {
        let { state } = loaded
        for (const { event } of events) state = aggregate.evolve(state, event)
        const { position, version } = events[events.length - 1]!
        loaded = { state, version, position }
      })
    )
  )
  return loaded
})
