import * as Ambient from "./ambient.ts"
import { examine } from "./examine.ts"
import { explain, explainOnce } from "./explain.ts"
import type { Fault, Law, Pair, Scenario } from "./fault.ts"
import { mutual } from "./judge.ts"
import { type Finding, isSingle } from "./run.ts"
import { shrink } from "./shrink.ts"
import type { Subject } from "./subject.ts"

/** A law that does not hold, explained. */
export interface Explained {
  readonly law: Law
  /** What is wrong, in a sentence. */
  readonly headline: string
  /** The headline, the shortest history that shows it, the ways out, and where it was found. */
  readonly explanation: string
  /** The places in the conflict table it is about; two, if it is about both directions. */
  readonly pairs: ReadonlyArray<Pair>
}

/** How many faults are explained: whoever has more has enough to do. */
const most = 8

/** Shrinks and explains what was found; of several findings about the same two events the one that says most. */
export const explained = (
  subject: Subject,
  findings: ReadonlyArray<Finding>,
  seed: string | number
): ReadonlyArray<Explained> => {
  const told = findings.filter((finding) => !isImplied(finding, findings))
  const reverseOf = ({ fault }: Finding) => told.findIndex((other) => isReverse(fault, other.fault))
  return told
    .map((finding, index) => ({ finding, index, reverse: reverseOf(finding) }))
    .filter(({ index, reverse }) => reverse < 0 || index < reverse)
    .slice(0, most)
    .map(({ finding, reverse }) => tell(subject, finding, reverse >= 0, seed))
}

const tell = (
  subject: Subject,
  { fault, history, scenario }: Finding,
  both: boolean,
  seed: string | number
): Explained =>
  Ambient.watched(() => {
    const { key, pair } = fault
    const isThis = ({ mine, theirs }: Pair) => mine === pair?.mine && theirs === pair.theirs
    const again = (scenario: Scenario): Fault | undefined =>
      examine(subject, scenario, isThis).faults.find((fault) => fault.key === key)
    const repeats = again(scenario) !== undefined
    const shortest = repeats ? shrink(subject, scenario, (scenario) => again(scenario) !== undefined) : scenario
    const shown = again(shortest) ?? fault
    const final = both ? mutual(shown) : shown
    const lines = repeats ? explain(subject, final, shortest) : explainOnce(final)
    return {
      law: final.law,
      headline: final.headline,
      pairs: pair === undefined ? [] : both ? [pair, { mine: pair.theirs, theirs: pair.mine }] : [pair],
      explanation: [...lines, "", `Found in history ${history} of seed ${JSON.stringify(seed)}.`].join("\n")
    }
  })

/** Whether it is the same, seen from the other side. */
const isReverse = ({ kind, pair }: Fault, other: Fault): boolean =>
  kind !== undefined && kind !== "decision" && kind === other.kind && pair?.mine !== pair?.theirs &&
  pair?.mine === other.pair?.theirs && pair?.theirs === other.pair?.mine

/**
 * That a decision changes goes without saying where the order matters; so does what a decision of several events shows
 * of a pair which another one of its pairs is known for by itself.
 */
const isImplied = ({ fault }: Finding, findings: ReadonlyArray<Finding>): boolean =>
  fault.pair !== undefined && findings.some(({ fault: other }) => {
    if (other === fault || other.pair === undefined || other.law === "invariant" || fault.law === "invariant") {
      return false
    }
    const same = other.pair.mine === fault.pair?.mine && other.pair.theirs === fault.pair.theirs
    if (same) return fault.kind === "decision" && other.kind !== "decision"
    return !isSingle(fault) && isSingle(other) && fault.decided?.mine.includes(other.pair.mine) === true &&
      fault.decided.theirs.includes(other.pair.theirs)
  })
