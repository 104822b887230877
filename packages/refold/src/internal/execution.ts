import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Aggregate, ExecuteOptions } from "../Aggregate.ts"
import * as AppendCondition from "../AppendCondition.ts"
import { Conflict, RetriesExhausted } from "../Conflict.ts"
import * as Conflicts from "../Conflicts.ts"
import type { Types } from "../Decider.ts"
import type { EventStore } from "../EventStore.ts"
import type { EventStoreError } from "../EventStoreError.ts"
import type { Appended, RecordedEvent } from "../RecordedEvent.ts"
import type * as StreamId from "../StreamId.ts"
import { streamId } from "./naming.ts"
import * as Timelines from "./timelines.ts"

type Outcome<T extends Types> = Effect.Effect<
  Appended<T["Event"]>,
  T["Rejection"] | Conflict<T["Event"]> | RetriesExhausted | EventStoreError
>

/** Finds the command's place in line, remembering what was known when it arrived there. */
export const execute = <T extends Types>(
  aggregate: Aggregate<T>,
  timelines: Timelines.Timelines<T["State"], T["Event"]>,
  store: EventStore["Service"],
  id: string,
  command: T["Command"],
  options: ExecuteOptions
): Outcome<T> =>
  Effect.flatMap(Effect.zip(streamId(aggregate.category, id), store.inTransaction), ([stream, inTransaction]) => {
    const takeTurn = (timeline: Timelines.Timeline<T["State"], T["Event"]>): Outcome<T> => {
      const arrival = timeline.now
      return timeline.line.withPermit(
        Effect.suspend(() => settle(aggregate, store, stream, timeline, arrival.moment, command, options))
      )
    }
    return inTransaction
      ? timelines.alone(takeTurn)
      : timelines.use(store, JSON.stringify([stream.tenant, stream.id]), takeTurn)
  })

/**
 * Load, decide, append. The decision is made at the moment the command knows; then it walks forward over the events it
 * missed, first those this process knows of, then those the store hands back when it refuses, until it is placed,
 * rejected, or in conflict.
 */
const settle = Effect.fnUntraced(function*<T extends Types>(
  aggregate: Aggregate<T>,
  store: EventStore["Service"],
  stream: StreamId.StreamId,
  timeline: Timelines.Timeline<T["State"], T["Event"]>,
  arrivedAt: Timelines.Moment<T["State"], T["Event"]> | undefined,
  command: T["Command"],
  { attempts = 10, metadata, seen, strict }: ExecuteOptions
): Effect.fn.Return<
  Appended<T["Event"]>,
  T["Rejection"] | Conflict<T["Event"]> | RetriesExhausted | EventStoreError
> {
  const known = strict ?? seen
  const missed: Array<RecordedEvent<T["Event"]>> = []
  let decided: ReadonlyArray<T["Event"]> = []

  const conflict = (actual: number) =>
    new Conflict<T["Event"]>({
      stream,
      expected,
      actual,
      theirs: missed,
      pairs: strict === undefined
        ? Conflicts.judge(aggregate.conflicts, decided, missed).collisions
        : missed.flatMap((theirs) => decided.map((mine) => ({ mine, theirs })))
    })

  const collides = () => Conflicts.judge(aggregate.conflicts, decided, missed).verdict === "collides"

  let at = (known === undefined ? arrivedAt : Timelines.find(arrivedAt, known)) ??
    (yield* recall(aggregate, store, stream, timeline, known, arrivedAt?.version))
  const expected = known ?? at.version
  if (at.version !== expected) return yield* conflict(at.version)

  let decision = aggregate.decide(command, at.state)
  if (Result.isFailure(decision) || decision.success.length === 0) {
    // a no, or nothing to do, on a state that was history on arrival is not an answer: ask again what was true then
    while (at.next !== undefined && at.version < (arrivedAt?.version ?? Infinity)) {
      missed.push(...at.next.events)
      at = at.next.moment
    }
    if (missed.length > 0 && strict !== undefined) return yield* conflict(at.version)
    if (missed.length > 0) decision = aggregate.decide(command, at.state)
  }
  decided = yield* Effect.fromResult(decision)
  if (collides()) return yield* conflict(at.version)

  for (let attempt = 1;; attempt++) {
    while (at.next !== undefined) {
      const { events } = at.next
      at = at.next.moment
      missed.push(...events)
      const { verdict } = Conflicts.judge(aggregate.conflicts, decided, events)
      if (verdict === "collides" || strict !== undefined) {
        for (; at.next !== undefined; at = at.next.moment) missed.push(...at.next.events)
        return yield* conflict(at.version)
      }
      if (verdict === "redecides") {
        decided = yield* Effect.fromResult(aggregate.decide(command, at.state))
        if (collides()) return yield* conflict(at.version)
      }
    }
    if (decided.length === 0 && strict === undefined) {
      return { stream, version: at.version, position: at.position, events: [], missed }
    }
    const outcome = yield* Effect.catchTag(
      store.append(aggregate, stream.id, decided, {
        condition: strict === undefined
          ? AppendCondition.onlySince(
            at.version,
            aggregate.conflicts.commuting(decided.map((event) => event._tag)).map(aggregate.codec.storedType)
          )
          : AppendCondition.at(strict),
        metadata
      }),
      "AppendConditionFailed",
      Effect.succeed
    )
    if (!(outcome instanceof AppendCondition.AppendConditionFailed)) {
      Timelines.moveTo(timeline, Timelines.extend(at, [...outcome.missed, ...outcome.events], aggregate.evolve))
      return outcome.missed.length + missed.length === 0
        ? outcome
        : { ...outcome, missed: [...missed, ...outcome.missed] }
    }
    if (outcome.actual < at.version) {
      // the stream is shorter than what was seen of it, as after a restore: nothing known of it can be trusted
      Timelines.forget(timeline)
      return yield* conflict(outcome.actual)
    }
    Timelines.moveTo(timeline, Timelines.extend(at, outcome.missed, aggregate.evolve))
    if (attempt >= attempts) return yield* new RetriesExhausted({ stream, attempts })
    if (attempt > 1) yield* backOff(attempt)
  }
})

/**
 * Reads the stream and folds it up to the version that was seen. What came after hangs on to that moment, with a stop at
 * the version that was known on arrival.
 */
const recall = Effect.fnUntraced(function*<T extends Types>(
  aggregate: Aggregate<T>,
  store: EventStore["Service"],
  stream: StreamId.StreamId,
  timeline: Timelines.Timeline<T["State"], T["Event"]>,
  seen = Infinity,
  arrived = Infinity
): Effect.fn.Return<Timelines.Moment<T["State"], T["Event"]>, EventStoreError> {
  let state: T["State"] = aggregate.initial
  let version = 0
  let position = 0
  const later: Array<RecordedEvent<T["Event"]>> = []
  yield* Stream.runForEachArray(store.read(aggregate, stream.id), (events) =>
    Effect.sync(() => {
      for (const recorded of events) {
        if (recorded.version > seen) later.push(recorded)
        else {
          state = aggregate.evolve(state, recorded.event)
          version = recorded.version
          position = recorded.position
        }
      }
    }))
  const moment: Timelines.Moment<T["State"], T["Event"]> = { state, version, position, next: undefined }
  const stop = later.filter((event) => event.version <= arrived).length
  const then = Timelines.extend(moment, later.slice(0, stop), aggregate.evolve)
  const latest = Timelines.extend(then, later.slice(stop), aggregate.evolve)
  Timelines.moveTo(timeline, latest)
  return moment
})

/** Spreads out those who race for one stream from several processes: up to 2, 4, 8 … 128 ms. */
const backOff = (attempt: number) =>
  Effect.flatMap(Random.nextBetween(0, 2 ** Math.min(attempt, 7)), (millis) => Effect.sleep(millis))
