import * as Result from "effect/Result"
import type { Tagged } from "refold/Decider"
import type { Pair } from "./fault.ts"
import { Broken } from "./fault.ts"
import { foldInOrder, type Placed, sameOutcome } from "./pairs.ts"
import { same } from "./same.ts"
import type { Decision, Subject } from "./subject.ts"

const pairOf = (mine: Tagged, theirs: Tagged): Pair => ({ mine: mine._tag, theirs: theirs._tag })

/** Whose order it is that matters: neighbours change places one by one, until the outcome is another one. */
export const blameOrder = (subject: Subject, state: unknown, { mine, theirs }: Placed): Pair => {
  const fallback = pairOf(mine.events[0]!, theirs.events[0]!)
  if (mine.events.length === 1 && theirs.events.length === 1) return fallback
  const order = [...theirs.events, ...mine.events]
  let outcome = foldInOrder(subject, state, order)
  for (let moved = 0; moved < mine.events.length; moved++) {
    for (let at = theirs.events.length + moved; at > moved; at--) {
      const [left, right] = [order[at - 1]!, order[at]!]
      order[at - 1] = right
      order[at] = left
      const swapped = foldInOrder(subject, state, order)
      if (!sameOutcome(subject, outcome, swapped)) return pairOf(right, left)
      outcome = swapped
    }
  }
  return fallback
}

/**
 * After which of their events the decision is another one, and which of mine it changes: if several, one that is `known`
 * to change by itself.
 */
export const blameDecision = (
  subject: Subject,
  state: unknown,
  { again, mine, theirs }: Placed,
  known: (pair: Pair) => boolean
): Pair => {
  if (mine.events.length === 1 && theirs.events.length === 1) return pairOf(mine.events[0]!, theirs.events[0]!)
  let answer = again
  let cause = theirs.events.at(-1)!
  for (let count = 1; count < theirs.events.length; count++) {
    const earlier = decideOn(subject, mine.command, foldInOrder(subject, state, theirs.events.slice(0, count)))
    if (earlier !== undefined && Result.isSuccess(earlier) && same(earlier.success, mine.events)) continue
    cause = theirs.events[count - 1]!
    answer = earlier ?? again
    break
  }
  const now = Result.isSuccess(answer) ? answer.success : []
  const changed = mine.events.filter((event) => !now.some((other) => same(other, event)))
  const suspects = (changed.length > 0 ? changed : mine.events).map((event) => pairOf(event, cause))
  return suspects.find(known) ?? suspects[0]!
}

/** `undefined` where nobody can be: between the events of one decision everything may be upside down. */
const decideOn = (subject: Subject, command: Tagged, state: unknown): Decision | undefined => {
  try {
    return subject.decide(command, state)
  } catch (error) {
    if (error instanceof Broken) return undefined
    throw error
  }
}
