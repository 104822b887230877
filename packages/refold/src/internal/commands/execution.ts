import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Aggregate, ExecuteOptions } from "../../Aggregate.ts"
import * as AppendCondition from "../../AppendCondition.ts"
import { type Conflict, RetriesExhausted } from "../../Conflict.ts"
import { fold, type Types } from "../../Decider.ts"
import type { EventStore } from "../../EventStore.ts"
import { EventStoreError, InvalidEvent } from "../../EventStoreError.ts"
import * as Metadata from "../../Metadata.ts"
import type { Appended } from "../../RecordedEvent.ts"
import * as Tuning from "../../Tuning.ts"
import type { NotUnique } from "../../Unique.ts"
import { lineName, streamId, streamIn } from "../store/naming.ts"
import * as Telemetry from "../telemetry.ts"
import * as Deliberation from "./deliberation.ts"
import * as Lines from "./lines.ts"
import * as Loading from "./loading.ts"
import * as Once from "./once.ts"
import * as Reservations from "./reservations.ts"
import * as Reserving from "./reserving.ts"
import * as Rounds from "./rounds.ts"
import * as Saving from "./saving.ts"
import * as Timelines from "./timelines.ts"
import { backOff, type Failure, type LinesOf, type Turn } from "./turns.ts"

/** Executes a command, once if it has an id. */
export const execute = <T extends Types>(
  aggregate: Aggregate<T>,
  lines: LinesOf<T>,
  telemetry: Telemetry.Telemetry,
  store: EventStore["Service"],
  id: string,
  command: T["Command"],
  options: ExecuteOptions
): Effect.Effect<Appended<T["Event"]>, Failure<T>> => {
  const { commandId } = options
  if (commandId === undefined) return lineUp(aggregate, lines, telemetry, store, id, command, options, undefined)
  // an empty header, say: all who send one would be taken for the same command
  return commandId === ""
    ? invalid(aggregate.category, id, command._tag, "the id of the command is empty")
    : Once.execute(aggregate, store, id, commandId, (eventIdAt) => {
      const metadata = { commandId, ...options.metadata }
      return lineUp(aggregate, lines, telemetry, store, id, command, { ...options, metadata }, eventIdAt)
    })
}

const invalid = (category: string, id: string, type: string, problem: string): Effect.Effect<never, EventStoreError> =>
  Effect.flatMap(
    streamId(category, id),
    (stream) => Effect.fail(new EventStoreError({ reason: new InvalidEvent({ stream, type, problem }) }))
  )

/** Finds the command's place in line, remembering what was known when it arrived there. */
const lineUp = <T extends Types>(
  aggregate: Aggregate<T>,
  lines: LinesOf<T>,
  telemetry: Telemetry.Telemetry,
  store: EventStore["Service"],
  id: string,
  command: T["Command"],
  { attempts = 10, metadata, seen, strict }: ExecuteOptions,
  eventIdAt: Turn<T>["eventIdAt"]
): Effect.Effect<Appended<T["Event"]>, Failure<T>> =>
  Effect.flatMap(store.inTransaction, (inTransaction) =>
    Effect.withFiber((fiber) => {
      const named = streamIn(fiber, aggregate.category, id)
      if (Result.isFailure(named)) return Effect.fail(named.failure)
      const stream = named.success
      const name = lineName(stream)
      const tuning = fiber.getRef(Tuning.Current)
      const makeLine = () => Rounds.makeLine(aggregate, store, tuning)
      const line = inTransaction ? makeLine() : lines.at(store, name, makeLine)
      line.tuning = tuning
      const turn: Turn<T> = {
        question: { stream, command, seen: strict ?? seen, strict: strict !== undefined },
        arrival: line.timeline.now,
        asked: line.timeline.asked,
        metadata: Metadata.gather(fiber, metadata),
        attemptsLeft: attempts,
        attempts,
        eventIdAt,
        mustGoAlone: eventIdAt !== undefined,
        toSave: undefined,
        proceed: () => {},
        party: undefined,
        isAbandoned: false,
        context: fiber.context,
        telemetry,
        isTraced: Telemetry.isTraced(fiber)
      }
      const { snapshots } = aggregate
      const entered = Lines.enter(line, turn, settle(aggregate, store, line.timeline, turn), () => {
        Timelines.settleDown(line.timeline)
        if (!inTransaction) lines.rest(store, name, line)
      })
      // what is in a transaction of the user's may yet be undone
      const executed = snapshots === undefined || inTransaction ?
        entered :
        Effect.tap(
          entered,
          () => turn.toSave === undefined ? Effect.void : Saving.save(aggregate, snapshots, store, stream, turn.toSave)
        )
      if (!turn.isTraced) return executed
      const outcome = Effect.tap(executed, ({ missed, version }) =>
        Effect.annotateCurrentSpan({
          "refold.version": version,
          "refold.missed": missed.length,
          "refold.attempts": 1 + attempts - turn.attemptsLeft
        }))
      return Telemetry.traced("execute", stream, { "refold.command": command._tag }, outcome)
    }))

/** Decides at the start, and on what was there when the command arrived. */
const decide = <T extends Types>(
  aggregate: Aggregate<T>,
  question: Deliberation.Question<T>,
  start: Timelines.Moment<T["State"], T["Event"]>,
  footing: Deliberation.Footing
) => {
  const self = Deliberation.begin(aggregate, question, start)
  return { self, arrived: start.version === self.expected ? Deliberation.arrive(self, footing) : "arrived" }
}

/**
 * Load, decide, append. The decision is made at the moment the command knows; then it walks forward over the events it
 * missed, first those this process knows of, then those the store hands back when it refuses, until it is placed,
 * rejected, or in conflict.
 *
 * A state that is remembered from earlier is not known to be the latest. The append finds out: if anything has come after
 * it, it is handed back, and the command decides on that as if it had been loaded.
 */
const settle = Effect.fnUntraced(function*<T extends Types>(
  aggregate: Aggregate<T>,
  store: EventStore["Service"],
  timeline: Timelines.Timeline<T["State"], T["Event"]>,
  turn: Turn<T>
): Effect.fn.Return<Appended<T["Event"]>, Failure<T>> {
  const { conflicts, evolve } = aggregate
  const { arrival: { moment: arrivedAt }, asked, context, question, telemetry } = turn
  const { seen, stream } = question
  const footing = () => ({ asked, mayBeBehind: Timelines.mayBeBehind(timeline, asked) })
  const told = (conflict: Conflict<T["Event"]>) => {
    telemetry.collided(conflict, context)
    return conflict
  }
  /**
   * What this process knows may be behind what its author has heard elsewhere: a conflict is told with all that is there,
   * or, if the store cannot be asked, not at all. Nothing is appended, and whoever asks again will be told.
   */
  const collided = (self: Deliberation.Deliberation<T>): Effect.Effect<never, Conflict<T["Event"]> | EventStoreError> =>
    footing().mayBeBehind
      ? Effect.flatMap(
        tailAfter(self),
        (events) => Effect.fail(told(Deliberation.conflict(Deliberation.catchUp(self, events))))
      )
      : Effect.fail(told(Deliberation.conflict(self)))
  const tailAfter = ({ at: { version } }: Deliberation.Deliberation<T>) =>
    Stream.runCollect(store.read(aggregate, stream.id, { after: version }))
  const recovered = (
    error: AppendCondition.AppendConditionFailed<T["Event"]> | NotUnique<string> | RetriesExhausted | EventStoreError
  ): Effect.Effect<AppendCondition.AppendConditionFailed<T["Event"]>, Failure<T>> => {
    if (error._tag === "AppendConditionFailed") return Effect.succeed(error)
    if (error._tag === "NotUnique") telemetry.answered("rejected", context)
    return Effect.fail(error)
  }
  const landed = (appended: Appended<T["Event"]>) => {
    telemetry.landed(appended, context)
    return appended
  }

  // what changes hands depends on the very state that the events come upon: nothing may come in between
  const hasRules = aggregate.unique.length > 0
  /** The number of the append that was sent last. */
  let sent: number | undefined
  const append = (
    { at: { state } }: Deliberation.Deliberation<T>,
    events: ReadonlyArray<T["Event"]>,
    condition: AppendCondition.AppendCondition
  ): Effect.Effect<
    Appended<T["Event"]>,
    AppendCondition.AppendConditionFailed<T["Event"]> | NotUnique<string> | RetriesExhausted | EventStoreError
  > => {
    const { attempts, eventIdAt } = turn
    sent = undefined
    const metadata = () => {
      // asked for on the way out
      sent ??= Timelines.ask(timeline)
      return turn.metadata
    }
    const changes = hasRules ? Reservations.changes(aggregate.unique, state, fold(aggregate, state, events)) : []
    return changes.length > 0
      ? Reserving.append(store, { aggregate, stream, events, condition, changes, attempts, metadata, eventIdAt })
      : store.append(aggregate, stream.id, events, {
        condition,
        metadata,
        eventIds: eventIdAt === undefined ? undefined : events.map((_, index) => eventIdAt(index))
      })
  }

  const known = seen === undefined ? arrivedAt : Timelines.find(arrivedAt, seen)
  const remembered = arrivedAt === undefined && (seen === undefined || seen === timeline.remembered?.version)
    ? timeline.remembered
    : undefined
  let unconfirmed = known === undefined && remembered !== undefined
  telemetry.began(known === undefined && remembered === undefined ? "read" : "remembered", context)
  let start = known ?? remembered ?? (yield* Loading.recall(aggregate, store, timeline, turn))
  /** Reads what this process may not know of. */
  const comeUp = (self: Deliberation.Deliberation<T>) => {
    const question = Timelines.ask(timeline)
    return Effect.map(tailAfter(self), (events) => {
      const ahead = Timelines.extend(self.at, { events, evolve })
      Timelines.moveTo(timeline, ahead)
      Timelines.hear(timeline, question)
      if (unconfirmed && seen === undefined) start = ahead
      unconfirmed = false
    })
  }

  for (;;) {
    const from = start
    const { arrived, self } = turn.isTraced
      ? yield* Telemetry.traced(
        "decide",
        stream,
        { "refold.command": question.command._tag, "refold.version": from.version },
        Effect.sync(() => decide(aggregate, question, from, footing()))
      )
      : decide(aggregate, question, from, footing())
    if (start.version !== self.expected) {
      return yield* told(Deliberation.conflict({ ...self, decision: Result.succeed([]) }))
    }
    if (arrived === "collides") return yield* collided(self)
    if (arrived === "behind") {
      yield* comeUp(self)
      continue
    }

    for (;;) {
      const gone = Deliberation.goOn(self, footing())
      if (gone === "collides") return yield* collided(self)
      if (gone === "behind") {
        yield* comeUp(self)
        break
      }
      if (gone === "answered") {
        telemetry.answered(Result.isFailure(self.decision) ? "rejected" : "unchanged", context)
        yield* Effect.fromResult(self.decision)
        const { at: { position, version }, missed } = self
        return { stream, version, position, events: [], missed, repeated: false }
      }
      const decided = Deliberation.decided(self)
      const condition = question.strict
        ? AppendCondition.at(self.expected)
        : (unconfirmed && seen === undefined) || hasRules
        ? AppendCondition.at(self.at.version)
        : AppendCondition.onlySince(
          self.at.version,
          conflicts.commuting(decided.map((event) => event._tag)).flatMap(aggregate.codec.storedTypes)
        )
      const outcome = yield* Effect.catch(append(self, decided, condition), recovered)
      if (sent !== undefined) Timelines.hear(timeline, sent)
      const isRefused = outcome instanceof AppendCondition.AppendConditionFailed
      if (isRefused && outcome.actual < self.at.version) {
        // the stream is shorter than what is known of it, as after a restore: nothing known of it can be trusted
        Timelines.forget(timeline)
        if (!unconfirmed) return yield* told(Deliberation.conflict(self, outcome.actual))
        unconfirmed = false
        start = yield* Loading.recall(aggregate, store, timeline, { ...turn, arrival: { moment: undefined } })
        break
      }
      // its events were there before: they may be part of the state already
      if (!isRefused && outcome.repeated) return landed(outcome)
      const ahead = Timelines.extend(self.at, { events: outcome.missed, evolve })
      Timelines.moveTo(timeline, ahead)
      if (!isRefused) {
        Timelines.moveTo(timeline, Timelines.extend(ahead, { events: outcome.events, evolve, sent }))
        // what cannot be read is not in the state: whoever comes next is to find out
        if (outcome.version !== ahead.version + outcome.events.length) Timelines.forget(timeline, self.at)
        Saving.charge(aggregate, timeline, turn)
        return landed(self.missed.length === 0 ? outcome : { ...outcome, missed: self.missed.concat(outcome.missed) })
      }
      if (unconfirmed) {
        unconfirmed = false
        if (seen === undefined) start = ahead
        break
      }
      telemetry.retried(context)
      if (--turn.attemptsLeft <= 0) return yield* new RetriesExhausted({ stream, attempts: turn.attempts })
      if (turn.attemptsLeft < turn.attempts - 1) yield* backOff(turn)
    }
  }
})
