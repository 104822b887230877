import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Tagged } from "../../Decider.ts"
import type { EventSource } from "../../EventSource.ts"
import type { Resumed, ResumeOptions } from "../../EventStore.ts"
import type { EventStoreDriver, StreamPage } from "../../EventStoreDriver.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import { decodeAll } from "./decoding.ts"
import { streamId } from "./naming.ts"
import { pageSize, wholeNumber } from "./reading.ts"

/** Reads one stream on from what is known of it: the first page at once, the others as they are needed. */
export const make = (driver: EventStoreDriver) =>
  Effect.fnUntraced(function*<Event extends Tagged, State = never>(
    source: EventSource<Event>,
    id: string,
    options: ResumeOptions<State> = {}
  ): Effect.fn.Return<Resumed<Event, State>, EventStoreError> {
    const stream = yield* streamId(source.category, id)
    const start = yield* wholeNumber("after", options.after ?? 0, 0)
    const end = yield* wholeNumber("upTo", options.upTo ?? Number.MAX_SAFE_INTEGER, 0)
    const limitAfter = (version: number) => Math.min(pageSize, Math.max(0, end - version))

    /** The events of a page, and after which version the next one begins. */
    const open = ({ events }: StreamPage, limit: number) => {
      const last = events[events.length - 1]?.version ?? end
      const next = events.length === limit && last < end ? Option.some(last) : Option.none()
      // where events were deleted, as many versions are not as many events
      const wanted = last > end ? events.filter(({ version }) => version <= end) : events
      return Effect.map(decodeAll(() => source.codec, wanted), (events) => [events, next] as const)
    }
    const pagesAfter = (version: number) =>
      Stream.paginate(version, (after) => {
        const limit = limitAfter(after)
        return Effect.flatMap(driver.readStream({ stream, after, limit }), (page) => open(page, limit))
      })
    const goOn = (page: StreamPage, limit: number): Effect.Effect<
      Stream.Stream<RecordedEvent<Event>, EventStoreError>,
      EventStoreError
    > =>
      Effect.map(open(page, limit), ([events, next]) =>
        Option.isNone(next)
          ? Stream.fromArray(events)
          : Stream.concat(Stream.fromArray(events), pagesAfter(next.value)))

    const limit = limitAfter(start)
    if (options.snapshot !== undefined) {
      const { at, of: snapshots, version } = options.snapshot
      const request = { stream, fingerprint: snapshots.fingerprint, version, at, limit }
      const { snapshot, ...page } = yield* driver.readFromSnapshot(request)
      if (snapshot === undefined) return { version: page.version, snapshot, events: yield* goOn(page, limit) }
      const state = snapshots.decode(snapshot.state)
      if (Result.isSuccess(state)) {
        return {
          version: page.version,
          snapshot: { ...snapshot, state: state.success },
          events: yield* goOn(page, limit)
        }
      }
    }
    const page = yield* driver.readStream({ stream, after: start, limit })
    return { version: page.version, snapshot: undefined, events: yield* goOn(page, limit) }
  })

/** Nothing but the events. */
export const stream = (resume: ReturnType<typeof make>) =>
<Event extends Tagged>(
  source: EventSource<Event>,
  id: string,
  options?: { readonly after?: number | undefined; readonly upTo?: number | undefined }
): Stream.Stream<RecordedEvent<Event>, EventStoreError> =>
  Stream.unwrap(Effect.map(resume(source, id, options), ({ events }) => events))
