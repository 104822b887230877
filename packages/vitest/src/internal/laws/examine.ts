import * as Result from "effect/Result"
import type { Tagged } from "refold/Decider"
import { accept, allowed, decideAgain, replay, survive } from "./attempting.ts"
import { blameDecision, blameOrder } from "./blame.ts"
import { Broken, type Fault, type Pair, type Scenario } from "./fault.ts"
import { blame, found, judge } from "./judge.ts"
import { type Attempt, cross, type Placed } from "./pairs.ts"
import type { Decision, Subject } from "./subject.ts"

/** What comes of a scenario. */
export interface Examined {
  readonly steps: ReadonlyArray<Attempt>
  readonly state: unknown
  /** The single command at its end, if it is one. */
  readonly decision: Decision | undefined
  readonly placed: Placed | undefined
  readonly faults: ReadonlyArray<Fault>
}

/**
 * Plays a scenario again, slowly, and looks at everything. Commands of the history that are refused are passed over: they
 * are what can be left out.
 */
export const examine = (
  subject: Subject,
  scenario: Scenario,
  /** Pairs to blame rather than others. */
  known: (pair: Pair) => boolean = () => false
): Examined => {
  const { history, mine, theirs } = scenario
  const steps: Array<Attempt> = []
  const faults: Array<Fault> = []
  let state = subject.initial
  let decision: Decision | undefined
  let placed: Placed | undefined
  const attempt = (command: Tagged): Attempt | undefined => {
    const decided = decision = subject.decide(command, state)
    decideAgain(subject, command, state, decided)
    if (Result.isFailure(decided) || decided.success.length === 0) return undefined
    const attempt = accept(subject, command, state, decided.success)
    survive(subject, attempt)
    return attempt
  }
  try {
    allowed(subject, state)
    for (const command of history) {
      const step = attempt(command)
      if (step === undefined) continue
      steps.push(step)
      state = step.after
    }
    if (mine === undefined) replay(subject, steps, steps.map((_, index) => index))
    const first = theirs === undefined ? undefined : attempt(theirs)
    const second = mine === undefined ? undefined : attempt(mine)
    if (first !== undefined && second !== undefined) {
      placed = cross(subject, first, second)[0]
      const wrong = judge(subject, placed)
      if (wrong !== undefined) faults.push(found(wrong, blame(subject, state, placed, wrong, known), placed))
    }
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    faults.push(error.fault)
  }
  return { steps, state, decision, placed, faults }
}

/** Whether a scenario still shows that a pair does not commute, whatever the table says. */
export const shows = (subject: Subject, scenario: Scenario, kind: "order" | "decision", pair: Pair): boolean => {
  const { placed, state } = examine(subject, scenario)
  if (placed === undefined || (kind === "order" ? placed.diamond : placed.stable)) return false
  const blamed = kind === "order"
    ? blameOrder(subject, state, placed)
    : blameDecision(subject, state, placed, ({ mine, theirs }) => mine === pair.mine && theirs === pair.theirs)
  return blamed.mine === pair.mine && blamed.theirs === pair.theirs
}
