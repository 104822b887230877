import { isReadonlyArrayNonEmpty, type NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { Tagged } from "../../Decider.ts"
import type { EventCodec } from "../../EventCodec.ts"
import type { BatchOptions, EventOf, EventSource, EventSources, LogBatch, LogOptions } from "../../EventSource.ts"
import type { EventStoreDriver, LogPage } from "../../EventStoreDriver.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import { decodeAll, decodeUpToUnreadable } from "./decoding.ts"
import { streamId, tenantFor } from "./naming.ts"

export const pageSize = 1000

/** A place to read from, or a number of events, that makes no sense is a fault of the program. */
export const wholeNumber = (name: string, value: number, atLeast: number): Effect.Effect<number> =>
  Number.isSafeInteger(value) && value >= atLeast
    ? Effect.succeed(value)
    : Effect.die(new RangeError(`${name} must be a whole number, ${atLeast} or more, not ${value}`))

/** The stream's version, without its events. */
export const version = (driver: EventStoreDriver) => (source: EventSource, id: string) =>
  Effect.flatMap(
    streamId(source.category, id),
    (stream) =>
      Effect.map(driver.readStream({ stream, after: Number.MAX_SAFE_INTEGER, limit: 1 }), (page) => page.version)
  )

/** One event, if it is in this stream. */
export const find =
  (driver: EventStoreDriver) => <Event extends Tagged>(source: EventSource<Event>, id: string, eventId: string) =>
    Effect.flatMap(
      streamId(source.category, id),
      (stream) =>
        Effect.flatMap(driver.findEvents([eventId]), (found) =>
          Effect.map(
            decodeAll(() => source.codec, found.filter((event) => Equal.equals(event.stream, stream))),
            ([event]) => event
          ))
    )

/** Only the subscription knows how far it has come: it waits for a store that is away rather than end. */
const patiently = {
  while: (error: EventStoreError) => error.isRetryable,
  schedule: Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])
}

/**
 * Reads the log batch by batch. When it follows, it starts to watch before the first is read, so that nothing appended at
 * the seam is missed; at the end of the log it waits instead of stopping.
 */
const open = Effect.fnUntraced(function*<const Sources extends EventSources>(
  driver: EventStoreDriver,
  sources: Sources,
  options: BatchOptions<EventOf<Sources>>
) {
  const { follow, partition, tenants, types, upTo = Number.MAX_SAFE_INTEGER } = options
  const tenant = tenants === "all" ? undefined : yield* tenantFor(sources[0].category)
  const limit = yield* wholeNumber("pageSize", options.pageSize ?? pageSize, 1)
  const start = yield* wholeNumber("after", options.after ?? 0, 0)
  const codecs = new Map(sources.map((source) => [source.category, source.codec as EventCodec<EventOf<Sources>>]))
  const categories = [...codecs.keys()]
  const wanted = types === undefined ? undefined : new Set<string>(types)
  const storedTypes = types === undefined
    ? undefined
    : [...codecs.values()].flatMap((codec) => types.flatMap(codec.storedTypes))
  const appended = follow ? yield* driver.watch : Effect.void

  const scope = yield* Effect.scope
  let ahead: { readonly after: number; readonly page: Fiber.Fiber<LogPage, EventStoreError> } | undefined
  let isFirst = true

  const read = (categories: NonEmptyReadonlyArray<string>, after: number) => {
    const page = driver.readLog({ tenant, categories, types: storedTypes, partition, after, upTo, limit })
    return follow ? Effect.retry(page, patiently) : page
  }

  /**
   * While a full page is decoded and handled, the next one is under way, except inside a transaction, where nobody is to use
   * the connection unasked. Who asks for a second page is taken to want all of them.
   */
  const readAhead = Effect.fnUntraced(function*(categories: NonEmptyReadonlyArray<string>, after: number) {
    const page = ahead?.after === after ? Fiber.join(ahead.page) : read(categories, after)
    ahead = undefined
    const found = yield* page
    const last = found.events[limit - 1]?.position
    if (last !== undefined && last < upTo && !isFirst && !(yield* driver.inTransaction)) {
      ahead = { after: last, page: yield* Effect.forkIn(read(categories, last), scope, { startImmediately: true }) }
    }
    isFirst = false
    return found
  })

  const next = Effect.fnUntraced(function*(after: number) {
    const nothing: ReadonlyArray<RecordedEvent<EventOf<Sources>>> = []
    if (!isReadonlyArrayNonEmpty(categories) || after >= upTo) {
      return [{ events: nothing, end: after }, Option.none<number>()] as const
    }
    const page = yield* readAhead(categories, after)
    const decoded = yield* decodeUpToUnreadable((category) => codecs.get(category), page.events)
    const isPart = page.events.length === limit || decoded.length < page.events.length
    const end = isPart ? decoded[decoded.length - 1]!.position : Math.max(after, Math.min(page.end, upTo))
    const events = wanted === undefined ? decoded : decoded.filter(({ event }) => wanted.has(event._tag))
    if (end === after && follow) yield* appended
    const goesOn = isPart || follow || (page.goesOn === true && end < upTo)
    return [{ events, end }, goesOn ? Option.some(end) : Option.none<number>()] as const
  })
  return { start, next }
})

/** The log in batches, empty ones included. */
export const batches = (driver: EventStoreDriver) =>
<const Sources extends EventSources>(
  sources: Sources,
  options: BatchOptions<EventOf<Sources>>
): Stream.Stream<LogBatch<EventOf<Sources>>, EventStoreError> =>
  Stream.unwrap(
    Effect.map(open(driver, sources, options), ({ next, start }) =>
      Stream.paginate(start, (after) =>
        Effect.map(next(after), ([batch, more]) => [[batch], more] as const)))
  )

/** The events of the log. */
export const log =
  (driver: EventStoreDriver, { follow }: { readonly follow: boolean }) =>
  <const Sources extends EventSources>(
    sources: Sources,
    options?: LogOptions<EventOf<Sources>>
  ): Stream.Stream<RecordedEvent<EventOf<Sources>>, EventStoreError> =>
    Stream.unwrap(
      Effect.map(open(driver, sources, { ...options, follow }), ({ next, start }) =>
        Stream.paginate(start, (after) =>
          Effect.map(next(after), ([{ events }, more]) => [events, more] as const)))
    )
