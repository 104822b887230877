/* How two decisions of people who do not know of each other meet. */
import * as Result from "effect/Result"
import type { Verdict } from "refold/Conflicts"
import type { Tagged } from "refold/Decider"
import { Broken } from "./fault.ts"
import { same } from "./same.ts"
import type { Decision, Subject } from "./subject.ts"

/** A command that was accepted in a state, and the state after its events. */
export interface Attempt {
  readonly command: Tagged
  readonly events: ReadonlyArray<Tagged>
  readonly after: unknown
}

/** No state: `evolve` has thrown on the way. */
export const nowhere: unique symbol = Symbol("nowhere")

/**
 * One decision placed after another one.
 *
 * The laws look at two decisions only. That is enough for any number of missed ones: if mine commutes with the first of
 * them, it is decided just so in the state after it, which is reachable like every other, and there it meets the second.
 */
export interface Placed {
  readonly theirs: Attempt
  readonly mine: Attempt
  /** After theirs and then mine, as the table would have it that lets them commute. */
  readonly outcome: unknown
  /** After mine and then theirs. */
  readonly otherwise: unknown
  /** What my command comes to after theirs. */
  readonly again: Decision
  /** P2: the order does not matter to the state. */
  readonly diamond: boolean
  /** P1: my decision is the same after theirs. */
  readonly stable: boolean
}

/** Mine after theirs, and theirs after mine. */
export const cross = (subject: Subject, a: Attempt, b: Attempt): readonly [Placed, Placed] => {
  const ab = foldInOrder(subject, a.after, b.events)
  const ba = foldInOrder(subject, b.after, a.events)
  const diamond = sameOutcome(subject, ab, ba)
  const aAgain = subject.decide(a.command, b.after)
  const bAgain = subject.decide(b.command, a.after)
  return [
    { theirs: a, mine: b, outcome: ab, otherwise: ba, again: bAgain, diamond, stable: isStable(bAgain, b) },
    { theirs: b, mine: a, outcome: ba, otherwise: ab, again: aAgain, diamond, stable: isStable(aAgain, a) }
  ]
}

const isStable = (again: Decision, { events }: Attempt) => Result.isSuccess(again) && same(again.success, events)

export const sameOutcome = (subject: Subject, a: unknown, b: unknown) =>
  a === nowhere || b === nowhere ? a === b : subject.sameState(a, b)

/** Events in a place for which they were not decided: there `evolve` may not know what to make of them. */
export const foldInOrder = (subject: Subject, state: unknown, events: ReadonlyArray<Tagged>): unknown => {
  try {
    return subject.fold(state, events)
  } catch (error) {
    if (error instanceof Broken && error.fault.law === "total") return nowhere
    throw error
  }
}

const strictness: ReadonlyArray<Verdict> = ["commutes", "redecides", "collides"]

export const stricter = (a: Verdict, b: Verdict): boolean => strictness.indexOf(a) > strictness.indexOf(b)

/** What the table says of two decisions: the strictest of what it says of their events. */
export const declared = (subject: Subject, { mine, theirs }: Placed): Verdict | undefined => {
  const { conflicts } = subject
  if (conflicts === undefined) return undefined
  let verdict: Verdict = "commutes"
  for (const event of mine.events) {
    for (const other of theirs.events) {
      const met = conflicts.between(event, other)
      if (stricter(met, verdict)) verdict = met
    }
  }
  return verdict
}
