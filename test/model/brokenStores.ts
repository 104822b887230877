/** Stores that are wrong, each in a way of its own, which look right to a client that is alone. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import type { Tagged } from "refold/Decider"
import type { EventStore } from "refold/EventStore"
import type { EventStoreError } from "refold/EventStoreError"
import type { Appended } from "refold/RecordedEvent"

type Store = EventStore["Service"]
export type Break = (store: Store) => Store

/** Counts, and says yes every so many times. */
const everyOnceIn = (many: number) => {
  let count = 0
  return () => ++count % many === 0
}

type Outcome<Event extends Tagged> = Effect.Effect<
  Appended<Event>,
  AppendCondition.AppendConditionFailed<Event> | EventStoreError
>

/** An append to the stream, or to another one, of these or other events. */
interface Call<Event extends Tagged> {
  readonly events: ReadonlyArray<Event>
  readonly options: AppendCondition.AppendOptions
  readonly append: (
    events: ReadonlyArray<NoInfer<Event>>,
    options: AppendCondition.AppendOptions,
    suffix?: string
  ) => Outcome<Event>
}

export const appending = (change: <Event extends Tagged>(call: Call<Event>) => Outcome<Event>): Break => (store) => ({
  ...store,
  append: (source, id, events, options = {}) =>
    change({
      events,
      options,
      append: (events, options, suffix = "") => store.append(source, id + suffix, events, options)
    })
})

const { any, AppendConditionFailed } = AppendCondition

/** The condition is checked, and then others get a turn before the events are appended. */
export const checksThenAppends = appending(({ append, events, options }) =>
  Effect.flatMap(
    append([], options),
    ({ missed }) => Effect.map(append(events, { ...options, condition: any }), (appended) => ({ ...appended, missed }))
  )
)

/** A type that nobody has named is let through. */
export const letsThrough = appending(({ append, events, options }) => {
  const { condition = any, ...others } = options
  const { since } = condition
  if (since === undefined) return append(events, options)
  const types = [...since.types, "Renamed"]
  return append(events, { ...others, condition: { ...condition, since: { ...since, types } } })
})

/** What is acknowledged is stored somewhere else. */
export const loses = (): Break => {
  const now = everyOnceIn(20)
  return appending(({ append, events, options }) =>
    now()
      ? Effect.flatMap(append([], options), (checked) =>
        Effect.map(append(events, { ...options, condition: any }, " lost"), (lost) => ({
          ...checked,
          version: checked.version + events.length,
          position: lost.position,
          events: lost.events.map((event, index) => ({
            ...event,
            stream: checked.stream,
            version: checked.version + 1 + index
          }))
        })))
      : append(events, options)
  )
}

/** An append is sent again, as after an answer that did not arrive. */
export const doubles = (): Break => {
  const now = everyOnceIn(20)
  return appending(({ append, events, options }) =>
    Effect.tap(append(events, options), () => now() ? append(events, { ...options, condition: any }) : Effect.void)
  )
}

/** Events are appended one after the other, so that others come in between, and an interruption leaves half of them. */
export const appendsOneByOne = appending(({ append, events: [first, ...rest], options }) =>
  first === undefined ?
    append([], options) :
    Effect.flatMap(append([first], options), (begun) =>
      rest.length === 0 ?
        Effect.succeed(begun) :
        Effect.map(append(rest, { ...options, condition: any }), (done) => ({
          ...done,
          events: [...begun.events, ...done.events],
          missed: begun.missed
        })))
)

/** An event is stored although the append is refused. */
export const storesWhatItRefuses = appending(({ append, events, options }) =>
  Effect.tapError(append(events, options), () => append(events.slice(0, 1), { ...options, condition: any }))
)

/** A refusal tells of the version that is next after the known one, as a guess. */
export const guessesVersions = appending(({ append, events, options }) =>
  Effect.mapError(append(events, options), (error) => {
    if (error._tag !== "AppendConditionFailed") return error
    const { condition, missed, stream } = error
    return new AppendConditionFailed({
      stream,
      condition,
      missed,
      actual: (AppendCondition.knownVersion(condition) ?? 0) + 1
    })
  })
)

/** A refusal leaves out the first of the missed events. */
export const forgetsMissed = appending(({ append, events, options }) =>
  Effect.mapError(append(events, options), (error) => {
    if (error._tag !== "AppendConditionFailed") return error
    const { actual, condition, missed, stream } = error
    return new AppendConditionFailed({ stream, condition, actual, missed: missed.slice(1) })
  })
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
  readAll: (sources, options) => change((after) => store.readAll(sources, { ...options, after }), options?.after ?? 0),
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
      Stream.unwrap(
        Effect.map(Effect.andThen(Effect.yieldNow, end), (after) => store.subscribe(sources, { ...options, after }))
      )
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
  read: (source, id, options) =>
    Stream.unwrap(
      Effect.map(Stream.runCollect(store.read(source, id, options)), (events) => {
        const behind = events.length % 3 === 0 ? events.slice(0, -1) : events
        return Stream.fromIterable(behind)
      })
    )
})
