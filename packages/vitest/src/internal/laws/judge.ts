import { blameDecision, blameOrder } from "./blame.ts"
import type { Fault, Meeting, Pair } from "./fault.ts"
import { declared, nowhere, type Placed } from "./pairs.ts"
import type { Subject } from "./subject.ts"
import { tagsOf } from "./tally.ts"

/** What is wrong with a decision placed after another, if the table is right about it. */
export const judge = (subject: Subject, placed: Placed): Meeting | undefined => {
  const verdict = declared(subject, placed)
  if (verdict === "commutes") {
    // throws what is wrong with it
    if (placed.outcome === nowhere) subject.fold(placed.theirs.after, placed.mine.events)
    if (subject.invariant?.(placed.outcome) === false) return "forbidden"
    if (!placed.diamond) return "order"
    if (!placed.stable) return "decision"
  }
  // where the decision is another one after theirs, it is that one which is appended
  return verdict === "redecides" && !placed.diamond && placed.stable ? "unnoticed" : undefined
}

/** Which of the events it is about. */
export const blame = (
  subject: Subject,
  state: unknown,
  placed: Placed,
  kind: Meeting,
  known: (pair: Pair) => boolean
): Pair =>
  kind === "decision" || (kind === "forbidden" && placed.diamond)
    ? blameDecision(subject, state, placed, known)
    : blameOrder(subject, state, placed)

const lawOf = { order: "commutes", decision: "commutes", unnoticed: "redecides", forbidden: "invariant" } as const

const headlines: { readonly [Kind in Meeting]: (pair: Pair) => string } = {
  order: ({ mine, theirs }) => `${mine} is declared to commute with ${theirs}, but the order matters.`,
  decision: ({ mine, theirs }) =>
    `${mine} is declared to commute with ${theirs}, but it would not be decided like that after it.`,
  unnoticed: ({ mine, theirs }) =>
    `${mine} is declared to redecide after ${theirs}, but deciding again does not notice that the order matters.`,
  forbidden: ({ mine, theirs }) =>
    `${mine} is declared to commute with ${theirs}, but together they break the invariant.`
}

/** The same is wrong in the other direction. */
export const mutual = (fault: Fault): Fault => {
  const { kind, pair } = fault
  if (kind === undefined || pair === undefined) return fault
  const { mine, theirs } = pair
  const headline = {
    order: `${mine} and ${theirs} are declared to commute, but the order matters.`,
    decision: fault.headline,
    unnoticed:
      `${mine} and ${theirs} are declared to redecide, but deciding again does not notice that the order matters.`,
    forbidden: `${mine} and ${theirs} are declared to commute, but together they break the invariant.`
  }[kind]
  return { ...fault, headline, both: true }
}

/** A finding about two events; what there is to say about it is told once it is as short as it gets. */
export const found = (kind: Meeting, pair: Pair, { mine, theirs }: Placed): Fault => ({
  law: lawOf[kind],
  key: `${kind} ${pair.mine} ${pair.theirs}`,
  headline: headlines[kind](pair),
  details: [],
  waysOut: [],
  pair,
  kind,
  decided: { mine: tagsOf(mine.events), theirs: tagsOf(theirs.events) }
})
