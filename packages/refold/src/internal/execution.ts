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
import * as Loading from "./loading.ts"
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
  const { conflicts, evolve } = aggregate
  const known = strict ?? seen
  let missed: ReadonlyArray<RecordedEvent<T["Event"]>> = []

  const remembered = known === undefined ? arrivedAt : Timelines.find(arrivedAt, known)
  let at = remembered ?? (yield* Loading.recall(aggregate, store, stream, timeline, arrivedAt, known))
  const expected = known ?? at.version

  const conflict = (decided: ReadonlyArray<T["Event"]>, actual = at.version) =>
    new Conflict<T["Event"]>({
      stream,
      expected,
      actual,
      theirs: missed,
      pairs: strict === undefined
        ? Conflicts.judge(conflicts, decided, missed).collisions
        : missed.flatMap((theirs) => decided.map((mine) => ({ mine, theirs })))
    })
  const collides = (decided: ReadonlyArray<T["Event"]>) =>
    Conflicts.judge(conflicts, decided, missed).verdict === "collides" || (strict !== undefined && missed.length > 0)

  if (at.version !== expected) return yield* conflict([])

  // first to where the stream was when the command arrived: a no, or nothing to do, is an answer only on what is true there
  let decision = aggregate.decide(command, at.state)
  let mayBeBehind = remembered !== undefined
  for (;;) {
    const mine = eventsOf(decision)
    if (mine.length > 0 && known === undefined) break
    const { events, metOurs, moment } = Timelines.walkElsewhere(at)
    if (events.length === 0) {
      if (mine.length > 0 || metOurs || !mayBeBehind) break
      const later = yield* Stream.runCollect(store.read(aggregate, stream.id, { after: at.version }))
      Timelines.moveTo(timeline, Timelines.extend(at, { events: later, evolve, ours: false }))
      mayBeBehind = false
      continue
    }
    at = moment
    missed = missed.concat(events)
    if (collides(mine)) return yield* conflict(mine)
    if (mine.length === 0 || Conflicts.judge(conflicts, mine, events).verdict === "redecides") {
      decision = aggregate.decide(command, at.state)
    }
  }
  let decided = yield* Effect.fromResult(decision)

  // then over whatever came after that, until it is placed
  for (let attempt = 1;; attempt++) {
    if (decided.length === 0 && strict === undefined) {
      return { stream, version: at.version, position: at.position, events: [], missed, repeated: false }
    }
    const { events, moment } = Timelines.walk(at)
    missed = missed.concat(events)
    at = moment
    if (collides(decided)) return yield* conflict(decided)
    if (Conflicts.judge(conflicts, decided, events).verdict === "redecides") {
      decided = yield* Effect.fromResult(aggregate.decide(command, at.state))
      if (collides(decided)) return yield* conflict(decided)
      if (decided.length === 0) continue
    }

    const outcome = yield* Effect.catchTag(
      store.append(aggregate, stream.id, decided, {
        condition: strict === undefined
          ? AppendCondition.onlySince(
            at.version,
            conflicts.commuting(decided.map((event) => event._tag)).map(aggregate.codec.storedType)
          )
          : AppendCondition.at(strict),
        metadata
      }),
      "AppendConditionFailed",
      Effect.succeed
    )
    const ahead = Timelines.extend(at, { events: outcome.missed, evolve, ours: false })
    if (!(outcome instanceof AppendCondition.AppendConditionFailed)) {
      Timelines.moveTo(timeline, Timelines.extend(ahead, { events: outcome.events, evolve, ours: true }))
      return missed.length === 0 ? outcome : { ...outcome, missed: missed.concat(outcome.missed) }
    }
    if (outcome.actual < at.version) {
      // the stream is shorter than what was seen of it, as after a restore: nothing known of it can be trusted
      Timelines.forget(timeline)
      return yield* conflict(decided, outcome.actual)
    }
    Timelines.moveTo(timeline, ahead)
    if (attempt >= attempts) return yield* new RetriesExhausted({ stream, attempts })
    if (attempt > 1) yield* backOff(attempt)
  }
})

const eventsOf = <Event, Rejection>(decision: Result.Result<ReadonlyArray<Event>, Rejection>): ReadonlyArray<Event> =>
  Result.isSuccess(decision) ? decision.success : []

/** Spreads out those who race for one stream from several processes: up to 2, 4, 8 … 128 ms. */
const backOff = (attempt: number) =>
  Effect.flatMap(Random.nextBetween(0, 2 ** Math.min(attempt, 7)), (millis) => Effect.sleep(millis))
