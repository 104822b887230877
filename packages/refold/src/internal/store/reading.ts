import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { EventCodec } from "../../EventCodec.ts"
import type { EventOf, EventSource, EventSources, LogOptions } from "../../EventSource.ts"
import type { EventStoreDriver } from "../../EventStoreDriver.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import * as StreamId from "../../StreamId.ts"
import { decodeAll } from "./decoding.ts"
import { streamId } from "./naming.ts"

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

/** Only the subscription knows how far it has come: it waits for a store that is away rather than end. */
const patiently = {
  while: (error: EventStoreError) => error.isRetryable,
  schedule: Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])
}

/**
 * Pages through the log. When it follows, it starts to watch before the first page is read, so that nothing appended at
 * the seam is missed; at the end of the log it waits instead of stopping.
 */
export const log =
  (driver: EventStoreDriver, { follow }: { readonly follow: boolean }) =>
  <const Sources extends EventSources>(
    sources: Sources,
    options?: LogOptions
  ): Stream.Stream<RecordedEvent<EventOf<Sources>>, EventStoreError> =>
    Stream.unwrap(Effect.gen(function*() {
      const tenant = yield* StreamId.Tenant
      const limit = yield* wholeNumber("pageSize", options?.pageSize ?? pageSize, 1)
      const start = yield* wholeNumber("after", options?.after ?? 0, 0)
      const codecs = new Map(sources.map((source) => [source.category, source.codec as EventCodec<EventOf<Sources>>]))
      const [first, ...rest] = codecs.keys()
      if (first === undefined) return Stream.empty
      const appended = follow ? yield* driver.watch : Effect.void
      return Stream.paginate(start, (after) =>
        Effect.gen(function*() {
          const read = driver.readLog({ tenant, categories: [first, ...rest], after, limit })
          const page = yield* follow ? Effect.retry(read, patiently) : read
          const events = yield* decodeAll((category) => codecs.get(category), page.events)
          const full = page.events.length === limit
          const cursor = full ? page.events[limit - 1]!.position : Math.max(after, page.end)
          if (!full && events.length === 0 && follow) yield* appended
          return [events, full || follow ? Option.some(cursor) : Option.none<number>()] as const
        }))
    }))
