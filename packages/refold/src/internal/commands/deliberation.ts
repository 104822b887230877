import * as Result from "effect/Result"
import type { Aggregate } from "../../Aggregate.ts"
import { Conflict } from "../../Conflict.ts"
import * as Conflicts from "../../Conflicts.ts"
import type { Types } from "../../Decider.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import type { StreamId } from "../../StreamId.ts"
import * as Timelines from "./timelines.ts"

/*
 * A command decides at the moment it knows, and then walks forward over what it missed. Nothing here waits for anything.
 */

/** A command, and what it may take for granted. */
export interface Question<T extends Types> {
  readonly stream: StreamId
  readonly command: T["Command"]
  /** The version the user was looking at, if the command says so. */
  readonly seen: number | undefined
  /** Whether anything after that is a conflict. */
  readonly strict: boolean
}

/** How far a command has come. */
export interface Deliberation<T extends Types> {
  readonly aggregate: Aggregate<T>
  readonly question: Question<T>
  readonly expected: number
  at: Timelines.Moment<T["State"], T["Event"]>
  missed: ReadonlyArray<RecordedEvent<T["Event"]>>
  decision: Result.Result<ReadonlyArray<T["Event"]>, T["Rejection"]>
}

export const begin = <T extends Types>(
  aggregate: Aggregate<T>,
  question: Question<T>,
  at: Timelines.Moment<T["State"], T["Event"]>
): Deliberation<T> => ({
  aggregate,
  question,
  expected: question.seen ?? at.version,
  at,
  missed: [],
  decision: aggregate.decide(question.command, at.state)
})

export const decided = <T extends Types>({ decision }: Deliberation<T>): ReadonlyArray<T["Event"]> =>
  Result.isSuccess(decision) ? decision.success : []

/** What a command may rely on when its turn comes. */
export interface Footing {
  /** How often the store had been asked when it arrived. */
  readonly asked: number
  /** Whether there may have been more then than all that is known here now. */
  readonly mayBeBehind: boolean
}

/**
 * Walks to where the stream was when the command arrived: a no, or nothing to do, is an answer only on what is true there.
 * Answers "behind" if that may be later than all that is known here.
 */
export const arrive = <T extends Types>(
  self: Deliberation<T>,
  { asked, mayBeBehind }: Footing
): "arrived" | "behind" | "collides" => {
  for (;;) {
    const mine = decided(self)
    if (mine.length > 0 && self.question.seen === undefined) return "arrived"
    const { events, met, moment } = Timelines.walkToArrival(self.at, asked)
    if (events.length === 0) {
      return mine.length > 0 || met !== undefined || !mayBeBehind ? "arrived" : "behind"
    }
    self.at = moment
    self.missed = self.missed.concat(events)
    if (collides(self)) return "collides"
    if (mine.length === 0 || redecides(self, events)) decideAgain(self)
  }
}

/**
 * Walks on over all that is known to have come after that: to an answer, or to events that are to be placed there. Answers
 * "behind" if it would be answered on what may have been past when it arrived.
 */
export const goOn = <T extends Types>(
  self: Deliberation<T>,
  { mayBeBehind }: Pick<Footing, "mayBeBehind">
): "answered" | "decided" | "behind" | "collides" => {
  if (isAnswered(self)) return "answered"
  const { events, moment } = Timelines.walk(self.at)
  self.missed = events.length === 0 ? self.missed : self.missed.concat(events)
  self.at = moment
  if (collides(self)) return "collides"
  if (redecides(self, events)) {
    decideAgain(self)
    if (collides(self)) return "collides"
    if (isAnswered(self)) return mayBeBehind ? "behind" : "answered"
  }
  return "decided"
}

/** The same, having missed these events as well. */
export const catchUp = <T extends Types>(
  self: Deliberation<T>,
  events: ReadonlyArray<RecordedEvent<T["Event"]>>
): Deliberation<T> => ({
  ...self,
  at: Timelines.advance(self.at, events, self.aggregate.evolve),
  missed: self.missed.concat(events)
})

/** The conflict it has come to. */
export const conflict = <T extends Types>(
  { aggregate, at, decision, expected, missed, question: { stream, strict } }: Deliberation<T>,
  actual = at.version
): Conflict<T["Event"]> => {
  const mine = Result.getOrElse(decision, () => [])
  return new Conflict<T["Event"]>({
    stream,
    expected,
    actual,
    theirs: missed,
    pairs: strict
      ? missed.flatMap((theirs) => mine.map((mine) => ({ mine, theirs })))
      : Conflicts.judge(aggregate.conflicts, mine, missed).collisions
  })
}

const isAnswered = <T extends Types>(self: Deliberation<T>): boolean =>
  Result.isFailure(self.decision) || (self.decision.success.length === 0 && !self.question.strict)

const decideAgain = <T extends Types>(self: Deliberation<T>): void => {
  self.decision = self.aggregate.decide(self.question.command, self.at.state)
}

const collides = <T extends Types>(self: Deliberation<T>): boolean =>
  self.missed.length > 0 &&
  (self.question.strict || Conflicts.judge(self.aggregate.conflicts, decided(self), self.missed).verdict === "collides")

const redecides = <T extends Types>(
  self: Deliberation<T>,
  events: ReadonlyArray<RecordedEvent<T["Event"]>>
): boolean =>
  events.length > 0 && Conflicts.judge(self.aggregate.conflicts, decided(self), events).verdict === "redecides"
