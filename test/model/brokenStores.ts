/** Stores that are wrong, each in a way of its own, which look right to a client that is alone. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import type { Tagged } from "refold/Decider"
import type { EventSource } from "refold/EventSource"
import type { EventStore } from "refold/EventStore"
import type { EventStoreError } from "refold/EventStoreError"
import type { Appended } from "refold/RecordedEvent"

type Store = EventStore["Service"]
type Break = (store: Store) => Store

/** Counts, and says yes every so many times. */
const everyOnceIn = (many: number) => {
  let count = 0
  return () => ++count % many === 0
}

/** Changes what becomes of appends. */
const appending = (
  change: <Event extends Tagged>(
    append: (
      events: ReadonlyArray<Event>,
      options?: AppendCondition.AppendOptions
    ) => Effect.Effect<Appended<Event>, AppendCondition.AppendConditionFailed<Event> | EventStoreError>,
    events: ReadonlyArray<Event>,
    options: AppendCondition.AppendOptions | undefined
  ) => Effect.Effect<Appended<Event>, AppendCondition.AppendConditionFailed<Event> | EventStoreError>
): Break =>
(store) => ({
  ...store,
  append: <Event extends Tagged>(
    source: EventSource<Event>,
    id: string,
    events: ReadonlyArray<NoInfer<Event>>,
    options?: AppendCondition.AppendOptions
  ) => change<Event>((events, options) => store.append(source, id, events, options), events, options)
})

/** The condition is checked, and then others get a turn before the events are appended. */
export const checksThenAppends = appending((append, events, options) =>
  Effect.andThen(append([], options), append(events, { ...options, condition: AppendCondition.any }))
)

/** What may have been appended since a version is looked up by the wrong types. */
export const commutesTooMuch = appending((append, events, { condition = AppendCondition.any, ...options } = {}) =>
  append(events, {
    ...options,
    condition: condition.since === undefined
      ? condition
      : { ...condition, since: { ...condition.since, types: [...condition.since.types, "Renamed"] } }
  })
)

/** The success of an append is told although it is not stored. */
export const loses = (): Break => {
  const now = everyOnceIn(20)
  return appending((append, events, options) =>
    events.length === 0 || !now() ? append(events, options) : Effect.map(append([], options), (checked) => ({
      ...checked,
      version: checked.version + events.length,
      position: checked.position + events.length,
      events: events.map((event, index) => ({
        id: globalThis.crypto.randomUUID(),
        stream: checked.stream,
        version: checked.version + 1 + index,
        position: checked.position + 1 + index,
        type: event._tag,
        schemaVersion: 1,
        event,
        metadata: options?.metadata ?? {},
        recordedAt: new Date(0).valueOf() as never
      }))
    }))
  )
}

/** An append is sent again, as after a lost answer, although the first one had arrived. */
export const doubles = (): Break => {
  const now = everyOnceIn(20)
  return appending((append, events, options) =>
    now() ? Effect.tap(append(events, options), append(events, { ...options, condition: AppendCondition.any })) : append(events, options)
  )
}

/** Events are appended one after the other, so that who is interrupted leaves half of them. */
export const appendsOneByOne = appending((append, events, options) => {
  const [first, ...rest] = events
  if (first === undefined || rest.length === 0) return append(events, options)
  return Effect.flatMap(append([first], options), (begun) =>
    Effect.map(append(rest, { ...options, condition: AppendCondition.at(begun.version) }), (done) => ({
      ...done,
      events: [...begun.events, ...done.events],
      missed: begun.missed
    })))
})

/** A refusal tells of the version that the condition asks for plus one, as a guess. */
export const guessesVersions = appending((append, events, options) =>
  Effect.mapError(append(events, options), (error) =>
    error._tag === "AppendConditionFailed"
      ? new AppendCondition.AppendConditionFailed({ ...error, actual: (AppendCondition.knownVersion(error.condition) ?? 0) + 1 })
      : error)
)

/** A refusal leaves out the first of the missed events. */
export const forgetsMissed = appending((append, events, options) =>
  Effect.mapError(append(events, options), (error) =>
    error._tag === "AppendConditionFailed"
      ? new AppendCondition.AppendConditionFailed({ ...error, missed: error.missed.slice(1) })
      : error)
)

/** Changes what is seen of the log. */
const logging = (
  change: <A extends { readonly id: string; readonly position: number }>(
    read: (after: number) => Stream.Stream<A, EventStoreError>,
    after: number
  ) => Stream.Stream<A, EventStoreError>
): Break =>
(store) => ({
  ...store,
  readAll: (sources, options) =>
    change((after) => store.readAll(sources, { ...options, after }), options?.after ?? 0),
  subscribe: (sources, options) =>
    change((after) => store.subscribe(sources, { ...options, after }), options?.after ?? 0)
})

/** Some positions become visible late: whoever is the first to pass them does not see them. */
export const showsGaps = (): Break => {
  const seen = new Set<string>()
  return logging((read, after) =>
    Stream.filter(read(after), ({ id, position }) => {
      if (position % 7 !== 0 || seen.has(id)) return true
      seen.add(id)
      return false
    })
  )
}

/** A subscriber reads what is there, and then follows from where the log ends by then. */
export const skipsAtTheSeam: Break = (store) => ({
  ...store,
  subscribe: (sources, options) => {
    const end = Stream.runCollect(store.readAll(sources, options)).pipe(
      Effect.map((events) => events.at(-1)?.position ?? options?.after ?? 0)
    )
    return Stream.concat(
      store.readAll(sources, options),
      Stream.unwrap(Effect.map(Effect.andThen(Effect.yieldNow, end), (after) =>
        store.subscribe(sources, { ...options, after })))
    )
  }
})

/** A subscriber sees the last event of what was there once more when it begins to follow. */
export const repeatsAtTheSeam: Break = (store) => ({
  ...store,
  subscribe: (sources, options) =>
    Stream.unwrap(
      Effect.map(Stream.runCollect(store.readAll(sources, options)), (there) =>
        Stream.concat(
          Stream.fromIterable(there),
          store.subscribe(sources, { ...options, after: Math.max(0, (there.at(-1)?.position ?? 1) - 1) })
        ))
    )
})

/** A stream is read from a copy that is a little behind. */
export const readsStale: Break = (store) => ({
  ...store,
  read: (source, id, options) => Stream.unwrap(
    Effect.map(Stream.runCollect(store.read(source, id, options)), (events) => {
      const behind = events.length % 3 === 0 ? events.slice(0, -1) : events
      return Stream.fromIterable(behind)
    })
  )
})
