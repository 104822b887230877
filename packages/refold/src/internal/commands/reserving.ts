import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Aggregate } from "../../Aggregate.ts"
import * as AppendCondition from "../../AppendCondition.ts"
import { RetriesExhausted } from "../../Conflict.ts"
import type { Types } from "../../Decider.ts"
import type { LogOptions } from "../../EventSource.ts"
import * as EventStore from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Appended } from "../../RecordedEvent.ts"
import type { Claimed } from "../../Reservations.ts"
import { type StreamId, Tenant } from "../../StreamId.ts"
import { NotUnique, type RuleOf } from "../../Unique.ts"
import { lineName } from "../store/naming.ts"
import * as Reservations from "./reservations.ts"

/** Events that change who has a value, and where they go. */
interface Draft<T extends Types> {
  readonly aggregate: Aggregate<T>
  readonly stream: StreamId
  readonly events: ReadonlyArray<T["Event"]>
  readonly condition: AppendCondition.AppendCondition
  readonly changes: ReadonlyArray<Reservations.Change>
  readonly attempts: number
  readonly metadata: AppendCondition.AppendOptions["metadata"]
  readonly eventIdAt: ((index: number) => string) | undefined
}

/**
 * Appends events together with what is claimed and released by them. Values are first taken to be new; what the store
 * says of one that is not tells whether it is free.
 */
export const append = Effect.fnUntraced(function*<T extends Types>(
  store: EventStore.EventStore["Service"],
  { aggregate, attempts, changes, condition, eventIdAt, events, metadata, stream }: Draft<T>
): Effect.fn.Return<
  Appended<T["Event"]>,
  AppendCondition.AppendConditionFailed<T["Event"]> | NotUnique<string> | RetriesExhausted | EventStoreError
> {
  const holder = stream.id
  const own = EventStore.appendTo(aggregate, holder, events, {
    condition,
    ...eventIdAt === undefined ? {} : { eventIds: events.map((_, index) => eventIdAt(index)) }
  })
  const places = yield* Effect.forEach(
    changes,
    (change, index) =>
      Effect.map(Reservations.idOf(change.value), (id) => ({
        ...change,
        id,
        source: Reservations.sourceOf(aggregate.category, change.rule),
        eventIds: eventIdAt === undefined ? {} : { eventIds: [eventIdAt(events.length + index)] },
        known: Reservations.free
      }))
  )
  const others = () =>
    places.map(({ eventIds, id, kind, known, source, value }) =>
      EventStore.appendTo(source, id, [{ _tag: kind, value, holder }], {
        condition: kind === "Claimed" ? AppendCondition.at(known.version) : AppendCondition.any,
        ...eventIds
      })
    )

  for (let attempt = 0; attempt <= attempts; attempt++) {
    const outcome = yield* Effect.result(store.appendAll([own, ...others()], { metadata }))
    if (Result.isSuccess(outcome)) return outcome.success[0]
    if (outcome.failure._tag !== "AppendConditionsFailed") return yield* outcome.failure
    for (const failed of outcome.failure.failures) {
      const { category, id } = failed.stream
      // whether the values are to change at all is to be decided anew
      if (category === aggregate.category) {
        return yield* failed as AppendCondition.AppendConditionFailed<T["Event"]>
      }
      const place = places.find((place) => place.source.category === category && place.id === id)
      if (place === undefined) continue
      place.known = Reservations.advance(place.known, failed.missed as never)
      const { rule, value, known } = place
      if (known.holder !== undefined && known.holder !== holder) {
        return yield* new NotUnique({ stream, rule, value, holder: known.holder })
      }
    }
  }
  return yield* new RetriesExhausted({ stream, attempts })
})

const attempts = 10

/** Claims what the streams in the log have and is not claimed yet, each in a step of its own. */
export const claimAll = Effect.fnUntraced(function*<T extends Types>(
  store: EventStore.EventStore["Service"],
  aggregate: Aggregate<T>,
  { tenants }: Pick<LogOptions, "tenants">
): Effect.fn.Return<Claimed<RuleOf<T>>, EventStoreError | RetriesExhausted, EventStore.EventStore> {
  const streams = new Map<string, StreamId>()
  if (aggregate.unique.length > 0) {
    yield* Stream.runForEach(store.readAll([aggregate], { tenants }), ({ stream }) =>
      Effect.sync(() => {
        const name = lineName(stream)
        if (!streams.has(name)) streams.set(name, stream)
      }))
  }
  let claimed = 0
  const duplicates: Array<NotUnique<RuleOf<T>>> = []
  for (const stream of streams.values()) {
    const found = yield* Effect.provideService(claim(store, aggregate, stream), Tenant, stream.tenant)
    claimed += found.claimed
    for (const duplicate of found.duplicates) duplicates.push(duplicate)
  }
  return { claimed, duplicates }
})

/** As long as nobody changes the stream meanwhile; then it is looked at anew. */
const claim = Effect.fnUntraced(function*<T extends Types>(
  store: EventStore.EventStore["Service"],
  aggregate: Aggregate<T>,
  stream: StreamId
): Effect.fn.Return<Claimed<string>, EventStoreError | RetriesExhausted, EventStore.EventStore> {
  let claimed = 0
  for (let attempt = 0; attempt < attempts; attempt++) {
    const duplicates: Array<NotUnique<string>> = []
    const { state, version } = yield* aggregate.load(stream.id)
    const condition = AppendCondition.at(version)
    const about = { aggregate, stream, events: [], condition, attempts, metadata: undefined, eventIdAt: undefined }
    let isOld = false
    for (const change of Reservations.held(aggregate.unique, state)) {
      const { holder } = yield* Reservations.read(store, aggregate.category, change.rule, change.value)
      if (holder === stream.id) continue
      const outcome = yield* Effect.result(append(store, { ...about, changes: [change] }))
      if (Result.isSuccess(outcome)) claimed++
      else if (outcome.failure._tag === "NotUnique") duplicates.push(outcome.failure)
      else if (outcome.failure._tag === "AppendConditionFailed") isOld = true
      else return yield* outcome.failure
    }
    if (!isOld) return { claimed, duplicates }
  }
  return yield* new RetriesExhausted({ stream, attempts })
})
