import * as Ambient from "./ambient.ts"
import { examine } from "./examine.ts"
import { explain } from "./explain.ts"
import type { Fault, Law, Pair } from "./fault.ts"
import { type Finding, isSingle } from "./run.ts"
import { shrink } from "./shrink.ts"
import type { Subject } from "./subject.ts"

/** A fault, explained. */
export interface Explained {
  readonly law: Law
  readonly headline: string
  readonly explanation: string
  readonly pair: Pair | undefined
}

/** How many faults are explained: whoever has more has enough to do. */
const most = 8

/** Shrinks and explains what was found; of several findings about the same two events the one that says most. */
export const explained = (
  subject: Subject,
  findings: ReadonlyArray<Finding>,
  seed: string | number
): ReadonlyArray<Explained> =>
  findings.filter((finding) => !isImplied(finding, findings)).slice(0, most).map((finding) =>
    tell(subject, finding, seed)
  )

const tell = (subject: Subject, finding: Finding, seed: string | number): Explained =>
  Ambient.watched(() => {
    const { key, pair } = finding.fault
    const isThis = ({ mine, theirs }: Pair) => mine === pair?.mine && theirs === pair.theirs
    const still = (scenario: Finding["scenario"]): Fault | undefined =>
      examine(subject, scenario, isThis).faults.find((fault) => fault.key === key)
    const scenario = still(finding.scenario) === undefined
      ? undefined
      : shrink(subject, finding.scenario, (scenario) => still(scenario) !== undefined)
    const fault = (scenario === undefined ? undefined : still(scenario)) ?? finding.fault
    const lines = scenario === undefined
      ? [
        fault.headline,
        "",
        ...fault.details.map((line) => `  ${line}`),
        "",
        once,
        "",
        "Ways out:",
        ...fault.waysOut.map((way) => `  - ${way}`)
      ]
      : explain(subject, fault, scenario)
    return {
      law: fault.law,
      headline: fault.headline,
      pair: fault.pair,
      explanation: [...lines, "", `Found in history ${finding.history} of seed ${JSON.stringify(seed)}.`].join("\n")
    }
  })

const once =
  "  It did not come up again when the same was tried once more: something is remembered outside of the state."

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
