import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Aggregate } from "../../Aggregate.ts"
import * as AppendCondition from "../../AppendCondition.ts"
import { RetriesExhausted } from "../../Conflict.ts"
import type { Types } from "../../Decider.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import type { Tuning } from "../../Tuning.ts"
import * as Deliberation from "./deliberation.ts"
import * as Reservations from "./reservations.ts"
import * as Saving from "./saving.ts"
import * as Timelines from "./timelines.ts"
import { backOff, type Line, type Turn } from "./turns.ts"

interface Member<T extends Types> {
  readonly turn: Turn<T>
  readonly since: Timelines.Moment<T["State"], T["Event"]>
  readonly decided: ReadonlyArray<T["Event"]>
}

const unknownTime = DateTime.makeUnsafe(0)

/**
 * Commands that go together: each is decided as if those before it had landed, and then all are appended at once. If they
 * are refused, nothing of that was true, and they decide anew with what they had missed.
 */
export const makeLine = <T extends Types>(
  aggregate: Aggregate<T>,
  store: EventStore["Service"],
  tuning: Tuning
): Line<T> => {
  const { conflicts, evolve } = aggregate
  const timeline = Timelines.makeTimeline<T["State"], T["Event"]>()
  const waiting: Array<Turn<T>> = []
  let members: ReadonlyArray<Member<T>> = []

  /** Those who decide events without asking the store; the first who does not waits for its own turn. */
  const deliberate = (tip: Timelines.Moment<T["State"], T["Event"]>): ReadonlyArray<Member<T>> => {
    const found: Array<Member<T>> = []
    const { commandsPerAppend } = line.tuning
    let end = tip
    for (const turn of waiting) {
      const { arrival: { moment: since }, asked, mustGoAlone, question } = turn
      if (found.length === commandsPerAppend || mustGoAlone || since === undefined || question.seen !== undefined) break
      const self = Deliberation.begin(aggregate, question, since)
      const footing = { asked, mayBeBehind: true }
      if (Deliberation.arrive(self, footing) !== "arrived" || Deliberation.goOn(self, footing) !== "decided") break
      const decided = Deliberation.decided(self)
      const next = Timelines.extend(end, { events: tentative(decided, turn, end.version), evolve, sent: Infinity })
      if (Reservations.changes(aggregate.unique, end.state, next.state).length > 0) {
        turn.mustGoAlone = true
        break
      }
      found.push({ turn, since, decided })
      end = next
    }
    return found
  }

  const tentative = (
    decided: ReadonlyArray<T["Event"]>,
    { metadata, question: { stream } }: Turn<T>,
    after: number
  ): ReadonlyArray<RecordedEvent<T["Event"]>> =>
    decided.map((event, index) => ({
      id: "",
      stream,
      version: after + 1 + index,
      position: 0,
      type: aggregate.codec.storedType(event._tag),
      schemaVersion: 0,
      event,
      metadata,
      recordedAt: unknownTime
    }))

  const invite = (): ReadonlyArray<Turn<T>> => {
    members = []
    const tip = timeline.now.moment
    if (tip === undefined || line.tuning.commandsPerAppend < 2 || waiting.length < 2) return []
    try {
      members = deliberate(tip)
    } catch {
      // whoever made decide or evolve throw dies of it when it goes alone
    } finally {
      tip.next = undefined
    }
    return members.map(({ turn }) => turn)
  }

  const backInLine = (turns: ReadonlyArray<Turn<T>>): void => {
    for (const turn of turns) turn.party = undefined
    waiting.unshift(...turns.filter(({ isAbandoned }) => !isAbandoned))
    for (const turn of turns) if (turn.isAbandoned) turn.proceed(Effect.interrupt)
  }

  /** What cannot be stored must fail alone; what is not known to have happened must not be done again. */
  const failed = (error: EventStoreError): void => {
    const turns = members.map(({ turn }) => turn)
    if (error.reason._tag === "InvalidEvent" || error.reason._tag === "StoreFailure") {
      for (const turn of turns) turn.mustGoAlone = true
      backInLine(turns)
    } else for (const turn of turns) turn.proceed(Effect.fail(error))
  }

  const refused = ({ actual, missed }: AppendCondition.AppendConditionFailed<T["Event"]>): void => {
    const tip = timeline.now.moment
    if (tip !== undefined && actual >= tip.version) {
      Timelines.moveTo(timeline, Timelines.extend(tip, { events: missed, evolve }))
    } else {
      Timelines.forget(timeline)
      for (const { turn } of members) turn.mustGoAlone = true
    }
    for (const { turn } of members) {
      turn.telemetry.retried(turn.context)
      turn.attemptsLeft--
    }
    const turns = members.map(({ turn }) => turn)
    backInLine(turns.filter(({ attemptsLeft }) => attemptsLeft > 0))
    for (const { attempts, attemptsLeft, proceed, question: { stream } } of turns) {
      if (attemptsLeft <= 0) proceed(Effect.fail(new RetriesExhausted({ stream, attempts })))
    }
  }

  const together = Effect.gen(function*() {
    const [first] = members
    const tip = timeline.now.moment
    if (first === undefined || tip === undefined) return
    const { stream } = first.turn.question
    const owners = members.flatMap(({ decided, turn }) => decided.map(() => turn))
    const events = members.flatMap(({ decided }) => decided)
    let sent: number | undefined
    const result = yield* Effect.result(Effect.catchTag(
      store.append(aggregate, stream.id, events, {
        // what comes in between may have them change a unique value after all
        condition: aggregate.unique.length > 0 ? AppendCondition.at(tip.version) : AppendCondition.onlySince(
          tip.version,
          conflicts.commuting(events.map((event) => event._tag)).flatMap(aggregate.codec.storedTypes)
        ),
        metadata: (index) => {
          // asked for on the way out
          sent ??= Timelines.ask(timeline)
          return owners[index]!.metadata
        }
      }),
      "AppendConditionFailed",
      Effect.succeed
    ))
    if (Result.isFailure(result)) return failed(result.failure)
    const outcome = result.success
    if (sent !== undefined) Timelines.hear(timeline, sent)
    if (outcome instanceof AppendCondition.AppendConditionFailed) {
      refused(outcome)
      if (first.turn.attemptsLeft < first.turn.attempts - 1) yield* backOff(first.turn)
      return
    }
    let end = Timelines.extend(tip, { events: outcome.missed, evolve })
    let from = 0
    const landed = members.map(({ decided, since, turn }) => {
      const { events: missed } = Timelines.walk(since)
      const mine = outcome.events.slice(from, from += decided.length)
      end = Timelines.extend(end, { events: mine, evolve, sent })
      const { position, version } = end
      return { turn, appended: { stream, version, position, events: mine, missed, repeated: outcome.repeated } }
    })
    Timelines.moveTo(timeline, end)
    if (end.version !== outcome.version || events.length + outcome.missed.length + tip.version !== end.version) {
      // what cannot be read is not in the state: whoever comes next is to find out
      Timelines.forget(timeline, tip)
    }
    const present = members.find(({ turn }) => !turn.isAbandoned)
    if (present !== undefined) Saving.charge(aggregate, timeline, present.turn)
    for (const { appended, turn } of landed) {
      turn.telemetry.began("remembered", turn.context)
      turn.telemetry.landed(appended, turn.context)
      turn.proceed(Effect.succeed(appended))
    }
  })

  const line: Line<T> = {
    timeline,
    waiting,
    rules: { invite, together: Effect.onInterrupt(together, () => Effect.sync(() => Timelines.forget(timeline))) },
    tuning,
    isBusy: false
  }
  return line
}
