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
import { decodeAll, decodeUpToFailure } from "./decoding.ts"
import { streamId, tenantFor } from "./naming.ts"

export const pageSize = 1000

interface Page extends LogPage {
  /** Whether there may be more. */
  readonly isFull: boolean
}

/** A batch that has so many characters of JSON gets no further page, and a page has about as many at most. */
const batchText = 4_000_000

/** How many events are asked for as long as nobody knows how large they are. */
const firstPage = 100

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
  const pageLimit = yield* wholeNumber("pageSize", options.pageSize ?? pageSize, 1)
  const batchSize = yield* wholeNumber("batchSize", options.batchSize ?? pageLimit, 1)
  const start = yield* wholeNumber("after", options.after ?? 0, 0)
  const codecs = new Map(sources.map((source) => [source.category, source.codec as EventCodec<EventOf<Sources>>]))
  const categories = [...codecs.keys()]
  const wanted = types === undefined ? undefined : new Set<string>(types)
  const storedTypes = types === undefined
    ? undefined
    : [...codecs.values()].flatMap((codec) => types.flatMap(codec.storedTypes))
  const appended = follow ? yield* driver.watch : Effect.void

  const scope = yield* Effect.scope
  let ahead: { readonly after: number; readonly page: Fiber.Fiber<Page, EventStoreError> } | undefined
  let isFirst = true
  let fits = Math.min(firstPage, pageLimit)

  const read = (
    categories: NonEmptyReadonlyArray<string>,
    after: number,
    room: number
  ): Effect.Effect<Page, EventStoreError> => {
    const limit = Math.min(fits, room)
    const page = driver.readLog({ tenant, categories, types: storedTypes, partition, after, upTo, limit })
    return Effect.map(follow ? Effect.retry(page, patiently) : page, (page) => ({
      ...page,
      isFull: page.events.length === limit
    }))
  }

  /** What was large is taken to be followed by what is as large. */
  const measure = ({ events: { length }, size }: Page) => {
    if (length > 0) fits = Math.max(1, Math.min(pageLimit, Math.floor(batchText * length / Math.max(1, size))))
  }

  /**
   * While a full page is decoded and handled, the next one is under way, except inside a transaction, where nobody is to use
   * the connection unasked. Who asks for a second page is taken to want all of them.
   */
  const readAhead = Effect.fnUntraced(function*(
    categories: NonEmptyReadonlyArray<string>,
    after: number,
    room: number
  ) {
    const page = ahead?.after === after ? Fiber.join(ahead.page) : read(categories, after, room)
    ahead = undefined
    const found = yield* page
    measure(found)
    const last = found.isFull ? found.events[found.events.length - 1]?.position : undefined
    if (last !== undefined && last < upTo && !isFirst && !(yield* driver.inTransaction)) {
      const left = room - found.events.length
      const next = read(categories, last, left > 0 ? left : batchSize)
      ahead = { after: last, page: yield* Effect.forkIn(next, scope, { startImmediately: true }) }
      // the client sends it when this fiber rests: not after the page in hand has been decoded
      yield* Effect.yieldNow
    }
    isFirst = false
    return found
  })

  /** A page up to the first event in it that cannot be read, and whether the next one may be of the same batch. */
  const readPage = Effect.fnUntraced(function*(
    categories: NonEmptyReadonlyArray<string>,
    after: number,
    room: number
  ) {
    const page = yield* readAhead(categories, after, room)
    const { events, failure } = decodeUpToFailure((category) => codecs.get(category), page.events)
    const isPart = page.isFull || failure !== undefined
    return {
      events: wanted === undefined ? events : events.filter(({ event }) => wanted.has(event._tag)),
      end: isPart ? events[events.length - 1]?.position ?? after : Math.max(after, Math.min(page.end, upTo)),
      isPart,
      goesOn: isPart || follow || (page.goesOn === true && page.end < upTo),
      failure,
      size: page.size,
      room: room - page.events.length
    }
  })

  const next = Effect.fnUntraced(function*(after: number) {
    if (!isReadonlyArrayNonEmpty(categories) || after >= upTo) {
      const nothing: ReadonlyArray<RecordedEvent<EventOf<Sources>>> = []
      return [{ events: nothing, end: after }, Option.none<number>(), false] as const
    }
    let page = yield* readPage(categories, after, batchSize)
    if (page.failure !== undefined && page.end === after) return yield* page.failure
    const { events } = page
    let { size } = page
    while (page.isPart && page.failure === undefined && page.end < upTo && page.room > 0 && size < batchText) {
      page = yield* readPage(categories, page.end, page.room)
      for (const event of page.events) events.push(event)
      size += page.size
    }
    const { end, goesOn, isPart } = page
    if (end === after && follow) yield* appended
    const isFull = isPart && page.failure === undefined
    return [{ events, end }, goesOn ? Option.some(end) : Option.none<number>(), isFull] as const
  })
  return { start, next }
})

/**
 * The log in batches, empty ones included. While a full one is handled, the next one is read and decoded: who is not behind
 * does not pay for that.
 */
export const batches = (driver: EventStoreDriver) =>
<const Sources extends EventSources>(
  sources: Sources,
  options: BatchOptions<EventOf<Sources>>
): Stream.Stream<LogBatch<EventOf<Sources>>, EventStoreError> =>
  Stream.unwrap(Effect.gen(function*() {
    const { next, start } = yield* open(driver, sources, options)
    const scope = yield* Effect.scope
    let ahead: Fiber.Fiber<Effect.Success<ReturnType<typeof next>>, EventStoreError> | undefined
    let isFirst = true
    return Stream.paginate(start, (after) =>
      Effect.gen(function*() {
        const [batch, more, isFull] = yield* ahead === undefined ? next(after) : Fiber.join(ahead)
        const mayReadAhead = isFull && !isFirst && !(yield* driver.inTransaction)
        ahead = mayReadAhead && Option.isSome(more) ? yield* Effect.forkIn(next(more.value), scope) : undefined
        isFirst = false
        return [[batch], more] as const
      }))
  }))

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
