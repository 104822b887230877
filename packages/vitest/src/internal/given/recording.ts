import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import type { Tagged } from "refold/Decider"
import type { EventSource } from "refold/EventSource"
import type { Metadata } from "refold/Metadata"
import type { RecordedEvent } from "refold/RecordedEvent"
import type { StreamId } from "refold/StreamId"
import { inWords } from "./words.ts"

/** What a store would add to an event. */
interface Place {
  readonly stream: StreamId
  readonly version: number
  readonly position: number
  readonly metadata?: Metadata | undefined
  readonly recordedAt?: DateTime.Utc | undefined
}

export const streamOf = ({ category }: EventSource, id: string): StreamId => ({ tenant: "default", category, id })

/** An event as a store would record it; dies of one that could not be stored. */
export const record = <Event extends Tagged>(
  source: EventSource<Event>,
  event: Event,
  { metadata = {}, position, recordedAt = DateTime.makeUnsafe(0), stream, version }: Place
): RecordedEvent<Event> => {
  const encoded = source.codec.encode(event)
  if (Result.isFailure(encoded)) {
    throw new Error(`given(${source.category}): ${inWords(event)} cannot be stored: ${encoded.failure}`)
  }
  const { schemaVersion, type } = encoded.success
  return { id: `event-${position}`, stream, version, position, type, schemaVersion, event, metadata, recordedAt }
}
