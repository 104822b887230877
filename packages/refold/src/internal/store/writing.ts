import { isReadonlyArrayNonEmpty } from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as AppendCondition from "../../AppendCondition.ts"
import type { Tagged } from "../../Decider.ts"
import type { EventCodec } from "../../EventCodec.ts"
import type { EventSource } from "../../EventSource.ts"
import type { AllAppended, StreamAppend } from "../../EventStore.ts"
import type { Append, AppendOutcome, EventStoreDriver, NewEvent, Placement, Refusal } from "../../EventStoreDriver.ts"
import { EventStoreError, InvalidEvent } from "../../EventStoreError.ts"
import * as Metadata from "../../Metadata.ts"
import type { Appended, RecordedEvent } from "../../RecordedEvent.ts"
import type { StreamId } from "../../StreamId.ts"
import { isTraced, traced } from "../telemetry.ts"
import { decodeAll, decodeReadable } from "./decoding.ts"
import * as EventIds from "./eventIds.ts"
import { streamIn } from "./naming.ts"

/** Encodes, appends, and turns the driver's outcome into recorded events, without reading them back. */
export const append = (driver: EventStoreDriver) =>
<Event extends Tagged>(
  source: EventSource<Event>,
  id: string,
  events: ReadonlyArray<NoInfer<Event>>,
  options: AppendCondition.AppendOptions = {}
): Effect.Effect<Appended<Event>, AppendCondition.AppendConditionFailed<Event> | EventStoreError> =>
  Effect.withFiber((fiber) => {
    const draft = prepare(fiber, { source, id, events, condition: options.condition }, options)
    if (Result.isFailure(draft)) return Effect.fail(draft.failure)
    const placed = driver.append([draft.success.append])
    const finish = (
      outcome: AppendOutcome
    ): Effect.Effect<Appended<Event>, AppendCondition.AppendConditionFailed<Event> | EventStoreError> =>
      outcome._tag === "Appended"
        ? Effect.succeed(appended(draft.success, outcome.placements[0]!))
        : Effect.flatMap(refused(draft.success, outcome.refusals[0]), Effect.fail)
    if (!isTraced(fiber)) return Effect.flatMap(placed, finish)
    const { append: { condition, stream } } = draft.success
    const attributes = { "refold.events": events.length, "refold.condition": AppendCondition.format(condition) }
    return Effect.flatMap(traced("append", stream, attributes, placed), finish)
  })

/** The same for several streams, all or nothing. */
export const appendAll = (driver: EventStoreDriver) =>
<const Appends extends ReadonlyArray<StreamAppend>>(
  appends: Appends,
  options: Pick<AppendCondition.AppendOptions, "metadata"> = {}
): Effect.Effect<AllAppended<Appends>, AppendCondition.AppendConditionsFailed | EventStoreError> =>
  Effect.withFiber((fiber) => {
    const drafts: Array<Draft<Tagged>> = []
    const names = new Set<string>()
    const ids = new Set<string>()
    for (const one of appends) {
      const draft = prepare(fiber, one, { ...options, eventIds: one.eventIds })
      if (Result.isFailure(draft)) return Effect.fail(draft.failure)
      const { category, id } = draft.success.append.stream
      const name = JSON.stringify([category, id])
      if (names.has(name)) {
        return Effect.die(new RangeError(`two appends to ${category}-${id} in one: join their events`))
      }
      names.add(name)
      for (const { id, type } of draft.success.append.events) {
        if (ids.has(id)) return Effect.fromResult(invalid(draft.success.append.stream, type, sameId))
        ids.add(id)
      }
      drafts.push(draft.success)
    }
    const prepared = drafts.map((draft) => draft.append)
    const all: Effect.Effect<
      ReadonlyArray<Appended<Tagged>>,
      AppendCondition.AppendConditionsFailed | EventStoreError
    > = !isReadonlyArrayNonEmpty(prepared)
      ? Effect.succeed([])
      : Effect.flatMap(driver.append(prepared), (outcome) =>
        outcome._tag === "Appended"
          ? Effect.succeed(drafts.map((draft, index) => appended(draft, outcome.placements[index]!)))
          : Effect.flatMap(
            Effect.forEach(outcome.refusals, (refusal) => refused(drafts[refusal.index]!, refusal)),
            (failures) => Effect.fail(new AppendCondition.AppendConditionsFailed({ failures }))
          ))
    return all as Effect.Effect<
      AllAppended<Appends>,
      AppendCondition.AppendConditionsFailed | EventStoreError
    >
  })

/** An append, and what will have to be known of it afterwards. */
interface Draft<Event extends Tagged> {
  readonly source: EventSource<Event>
  readonly append: Append
  readonly events: ReadonlyArray<Event>
  readonly metadataOf: (index: number) => Metadata.Metadata
}

const prepare = <Event extends Tagged>(
  fiber: Fiber.Fiber<unknown, unknown>,
  { condition = AppendCondition.any, events, id, source }: StreamAppend<Event>,
  { eventIds, metadata }: AppendCondition.AppendOptions
): Result.Result<Draft<Event>, EventStoreError> => {
  const { atLeast, atMost, since } = condition
  for (const version of [atLeast, atMost, since?.version]) {
    if (version !== undefined && version !== Infinity && !Number.isSafeInteger(version)) {
      // a fault of the program, which engines would take for different things
      throw new RangeError(`the version in a condition must be a whole number, not ${version}`)
    }
  }
  const named = streamIn(fiber, source.category, id)
  if (Result.isFailure(named)) return Result.fail(named.failure)
  const stream = named.success
  if (eventIds !== undefined) {
    const problem = idsProblem(eventIds, events.length)
    if (problem !== undefined) return invalid(stream, events[0]?._tag ?? "an append without events", problem)
  }
  const metadataOf = typeof metadata === "function" ? metadata : always(Metadata.gather(fiber, metadata))
  const stored: Array<NewEvent> = []
  for (let index = 0; index < events.length; index++) {
    const event = events[index]!
    const data = source.codec.encode(event)
    if (Result.isFailure(data)) return invalid(stream, event._tag, data.failure)
    const text = encodeMetadata(metadataOf(index))
    if (Result.isFailure(text)) return invalid(stream, "metadata", text.failure)
    const { schemaVersion, type } = data.success
    stored.push({
      id: eventIds?.[index]?.toLowerCase() ?? EventIds.make(),
      type,
      schemaVersion,
      data: data.success.data,
      metadata: text.success
    })
  }
  return Result.succeed({
    source,
    append: { stream, condition, events: stored, ...eventIds === undefined ? once : repeatedly(source.codec) },
    events,
    metadataOf
  })
}

const appended = <Event extends Tagged>(
  { append: { events: stored, stream }, events, metadataOf, source }: Draft<Event>,
  { missed, position, recordedAt, repeated, version }: Placement
): Appended<Event> => {
  const recorded = stored.map(({ id, schemaVersion, type }, index): RecordedEvent<Event> => ({
    id,
    stream,
    version: version - stored.length + 1 + index,
    position: position - stored.length + 1 + index,
    type,
    schemaVersion,
    event: events[index]!,
    metadata: metadataOf(index),
    recordedAt
  }))
  return { stream, version, position, events: recorded, missed: decodeReadable(source.codec, missed), repeated }
}

const refused = <Event extends Tagged>(
  { append: { condition, stream }, source }: Draft<Event>,
  { missed, version }: Refusal
): Effect.Effect<AppendCondition.AppendConditionFailed<Event>, EventStoreError> =>
  Effect.map(
    decodeAll(() => source.codec, missed),
    (missed) => new AppendCondition.AppendConditionFailed<Event>({ stream, condition, actual: version, missed })
  )

const once = { mayRepeat: false }

/** What an earlier release has appended under the same ids is the same if it is read as the same. */
const repeatedly = <Event extends Tagged>(
  { decode, encode }: EventCodec<Event>
): Pick<Append, "mayRepeat" | "rewrite"> => ({
  mayRepeat: true,
  rewrite: ({ data, schemaVersion, type }) => {
    const now = Result.flatMap(decode(type, schemaVersion, data), encode)
    return Result.isSuccess(now) ? { ...now.success, data: JSON.parse(now.success.data) } : undefined
  }
})

const always = <A>(value: A) => () => value

const encode = Schema.encodeResult(Metadata.Metadata)
const encoded = new WeakMap<Metadata.Metadata, Result.Result<string, string>>()

/** Many events share what they are written with. */
const encodeMetadata = (metadata: Metadata.Metadata): Result.Result<string, string> => {
  let text = encoded.get(metadata)
  if (text === undefined) {
    text = Result.mapBoth(encode(metadata), {
      onFailure: (error) => error.message,
      onSuccess: (value) => JSON.stringify(value)
    })
    encoded.set(metadata, text)
  }
  return text
}

const sameId = "two events have the same id"

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const idsProblem = (ids: ReadonlyArray<string>, events: number): string | undefined => {
  if (ids.length !== events) return `${events} events need as many eventIds, not ${ids.length}`
  const wrong = ids.find((id) => !uuid.test(id))
  if (wrong !== undefined) return `its id ${JSON.stringify(wrong)} is not a UUID`
  return new Set(ids.map((id) => id.toLowerCase())).size < ids.length ? sameId : undefined
}

const invalid = (stream: StreamId, type: string, problem: string): Result.Result<never, EventStoreError> =>
  Result.fail(new EventStoreError({ reason: new InvalidEvent({ stream, type, problem }) }))
