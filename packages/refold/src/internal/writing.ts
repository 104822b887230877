import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as AppendCondition from "../AppendCondition.ts"
import type { Tagged } from "../Decider.ts"
import type { EventSource } from "../EventSource.ts"
import type { EventStoreDriver, NewEvent } from "../EventStoreDriver.ts"
import { EventStoreError, InvalidEvent } from "../EventStoreError.ts"
import * as Metadata from "../Metadata.ts"
import type { Appended, RecordedEvent } from "../RecordedEvent.ts"
import type { StreamId } from "../StreamId.ts"
import { decodeAll } from "./decoding.ts"
import { streamId } from "./naming.ts"

const encodeMetadata = Schema.encodeResult(Metadata.Metadata)

/** Encodes, appends, and turns the driver's outcome into recorded events, without reading them back. */
export const append = (driver: EventStoreDriver, ids: SecureRandom.SecureRandom["Service"]) =>
  Effect.fnUntraced(function*<Event extends Tagged>(
    source: EventSource<Event>,
    id: string,
    events: ReadonlyArray<NoInfer<Event>>,
    options?: AppendCondition.AppendOptions
  ): Effect.fn.Return<Appended<Event>, AppendCondition.AppendConditionFailed<Event> | EventStoreError> {
    const stream = yield* streamId(source.category, id)
    const condition = options?.condition ?? AppendCondition.any
    const metadata = yield* gatherMetadata(options?.metadata)
    const encodedMetadata = yield* encodedMetadataOf(stream, metadata)
    const encoded: Array<NewEvent> = []
    for (const event of events) {
      const result = source.codec.encode(event)
      if (Result.isFailure(result)) return yield* invalid(stream, event._tag, result.failure)
      encoded.push({ ...result.success, id: yield* ids.uuidV7(), metadata: encodedMetadata })
    }
    const outcome = yield* driver.append({ stream, condition, events: encoded })
    const missed = yield* decodeAll(() => source.codec, outcome.missed)
    if (outcome._tag === "Refused") {
      return yield* new AppendCondition.AppendConditionFailed<Event>({
        stream,
        condition,
        actual: outcome.version,
        missed
      })
    }
    const { position, recordedAt, version } = outcome
    return {
      stream,
      version,
      position,
      missed,
      events: encoded.map((stored, index): RecordedEvent<Event> => ({
        id: stored.id,
        stream,
        version: version - encoded.length + 1 + index,
        position: position - encoded.length + 1 + index,
        type: stored.type,
        schemaVersion: stored.schemaVersion,
        event: events[index]!,
        metadata,
        recordedAt
      }))
    }
  })

/** What the fiber carries, the trace it runs under, and what this call adds. */
const gatherMetadata = Effect.fnUntraced(function*(given: Metadata.Metadata | undefined) {
  const current = yield* Metadata.Current
  const span = yield* Effect.option(Effect.currentSpan)
  return {
    ...Option.match(span, {
      onNone: () => ({}),
      onSome: ({ spanId, traceId }) => ({ traceId, spanId })
    }),
    ...current,
    ...given
  }
})

const encodedMetadataOf = (stream: StreamId, metadata: Metadata.Metadata) =>
  Result.match(encodeMetadata(metadata), {
    onFailure: (error) => invalid(stream, "metadata", error.message),
    onSuccess: (value) => Effect.succeed(JSON.stringify(value))
  })

const invalid = (stream: StreamId, type: string, problem: string): Effect.Effect<never, EventStoreError> =>
  Effect.fail(new EventStoreError({ reason: new InvalidEvent({ stream, type, problem }) }))
