import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Tagged } from "../../Decider.ts"
import type { EventCodec } from "../../EventCodec.ts"
import type { StoredEvent } from "../../EventStoreDriver.ts"
import { EventStoreError, UnreadableEvent } from "../../EventStoreError.ts"
import { Metadata } from "../../Metadata.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"

const decodeMetadata = Schema.decodeUnknownResult(Metadata)
const noMetadata = Result.succeed<Metadata>({})

const isEmpty = (metadata: unknown): boolean => {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return false
  for (const _key in metadata) return false
  return true
}

/** What can be read, and why what comes after it cannot. */
interface Decoded<out Event extends Tagged> {
  readonly events: Array<RecordedEvent<Event>>
  readonly failure: EventStoreError | undefined
}

/** Decodes events up to the first that cannot be read. */
export const decodeUpToFailure = <Event extends Tagged>(
  codecOf: (category: string) => EventCodec<Event> | undefined,
  stored: ReadonlyArray<StoredEvent>
): Decoded<Event> => {
  const events: Array<RecordedEvent<Event>> = []
  for (const event of stored) {
    const decoded = decode(codecOf(event.stream.category), event)
    if (Result.isFailure(decoded)) return { events, failure: unreadable(event, decoded.failure) }
    events.push(decoded.success)
  }
  return { events, failure: undefined }
}

/** Decodes a page at once; the first event that cannot be read fails it. */
export const decodeAll = <Event extends Tagged>(
  codecOf: (category: string) => EventCodec<Event> | undefined,
  stored: ReadonlyArray<StoredEvent>
): Effect.Effect<Array<RecordedEvent<Event>>, EventStoreError> =>
  Effect.suspend(() => {
    const { events, failure } = decodeUpToFailure(codecOf, stored)
    return failure === undefined ? Effect.succeed(events) : Effect.fail(failure)
  })

/** Decodes events up to the first that cannot be read: they are told of an append that has happened, whatever they say. */
export const decodeReadable = <Event extends Tagged>(
  codec: EventCodec<Event>,
  stored: ReadonlyArray<StoredEvent>
): ReadonlyArray<RecordedEvent<Event>> => stored.length === 0 ? [] : decodeUpToFailure(() => codec, stored).events

const decode = <Event extends Tagged>(
  codec: EventCodec<Event> | undefined,
  stored: StoredEvent
): Result.Result<RecordedEvent<Event>, string> => {
  if (codec === undefined) return Result.fail(`nobody here reads the category ${stored.stream.category}`)
  const event = codec.decode(stored.type, stored.schemaVersion, stored.data)
  if (Result.isFailure(event)) return Result.fail(event.failure)
  const metadata = isEmpty(stored.metadata) ? noMetadata : decodeMetadata(stored.metadata)
  if (Result.isFailure(metadata)) return Result.fail(`its metadata: ${metadata.failure.message}`)
  return Result.succeed({
    id: stored.id,
    stream: stored.stream,
    version: stored.version,
    position: stored.position,
    type: stored.type,
    schemaVersion: stored.schemaVersion,
    event: event.success,
    metadata: metadata.success,
    recordedAt: stored.recordedAt
  })
}

const unreadable = (event: StoredEvent, problem: string) =>
  new EventStoreError({
    reason: new UnreadableEvent({
      stream: event.stream,
      version: event.version,
      position: event.position,
      type: event.type,
      schemaVersion: event.schemaVersion,
      problem
    })
  })
