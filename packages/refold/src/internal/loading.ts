import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Aggregate, Loaded, LoadOptions } from "../Aggregate.ts"
import type { Types } from "../Decider.ts"
import type { EventStore } from "../EventStore.ts"
import type { EventStoreError } from "../EventStoreError.ts"
import type { RecordedEvent } from "../RecordedEvent.ts"
import type { StreamId } from "../StreamId.ts"
import * as Timelines from "./timelines.ts"

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

/** Reads the stream, folds it up to the version that was seen, and ties that moment to the timeline. */
export const recall = Effect.fnUntraced(function*<T extends Types>(
  aggregate: Aggregate<T>,
  store: EventStore["Service"],
  stream: StreamId,
  timeline: Timelines.Timeline<T["State"], T["Event"]>,
  arrivedAt: Timelines.Moment<T["State"], T["Event"]> | undefined,
  seen = Infinity
): Effect.fn.Return<Timelines.Moment<T["State"], T["Event"]>, EventStoreError> {
  const { evolve, initial } = aggregate
  const known = Math.min(seen, timeline.now.moment?.version ?? Infinity)
  const events: Array<RecordedEvent<T["Event"]>> = []
  const { remembered } = timeline
  let moment: Timelines.Moment<T["State"], T["Event"]> = remembered !== undefined && remembered.version <= known
    ? { ...remembered, next: undefined }
    : { state: initial, version: 0, position: 0, next: undefined }
  yield* Stream.runForEachArray(
    store.read(aggregate, stream.id, { after: moment.version }),
    (page) =>
      Effect.sync(() => {
        let { position, state, version } = moment
        for (const recorded of page) {
          if (recorded.version > known) events.push(recorded)
          if (recorded.version > seen) continue
          state = evolve(state, recorded.event)
          version = recorded.version
          position = recorded.position
        }
        moment = { state, version, position, next: undefined }
      })
  )
  Timelines.attach(timeline, moment, { arrivedAt, events, evolve })
  return moment
})
