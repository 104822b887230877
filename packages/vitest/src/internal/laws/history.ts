import * as Result from "effect/Result"
import type { Tagged } from "refold/Decider"
import { accept, allowed, decideAgain, replay, survive } from "./attempting.ts"
import { blameDecision, blameOrder } from "./blame.ts"
import type { Deck } from "./deck.ts"
import type { Dice } from "./dice.ts"
import { Broken, type Fault, type Meeting, type Pair, type Scenario } from "./fault.ts"
import { blame, found, judge } from "./judge.ts"
import { type Attempt, cross, type Placed } from "./pairs.ts"
import type { Decision, Subject } from "./subject.ts"
import * as Tally from "./tally.ts"

/** Where the findings of a history go. */
export interface Run {
  readonly subject: Subject
  readonly tally: Tally.Tally
  readonly dice: Dice
  /** How much a command is preferred, by its tag. */
  readonly weight: (tag: string) => number
  readonly report: (fault: Fault, scenario: Scenario) => void
}

const longest = 12
const mostMeetings = 14
/** In the first histories all that happens is written down and read again; later what is rare, and a sample. */
const thoroughly = 8

/** One history: in every state on its way everything there is to try is tried, and every two decisions meet. */
export const walk = (run: Run, deck: Deck): void => {
  const { dice, subject, tally } = run
  const steps: Array<Attempt> = []
  let scenario: Scenario = { history: [] }
  let state = subject.initial
  const swarm = new Map(subject.commandTags.map((tag) => [tag, run.weight(tag) * (dice.pick([0.1, 1, 1, 4]) ?? 1)]))
  const length = 1 + dice.below(longest)
  const all = tally.histories < thoroughly
  const hard = Tally.hard(subject, tally)

  const probe = (): ReadonlyArray<Attempt> => {
    const history = steps.map(({ command }) => command)
    const decisions: Array<readonly [Tagged, Decision]> = []
    const attempts: Array<Attempt> = []
    for (const command of deck.hand(state, hard)) {
      scenario = { history, mine: command }
      decisions.push([command, subject.decide(command, state)])
    }
    for (const [command, decision] of decisions) {
      scenario = { history, mine: command }
      decideAgain(subject, command, state, decision)
      const events = Result.isSuccess(decision) ? decision.success : []
      count(run, command, decision)
      if (events.length > 0) attempts.push(accept(subject, command, state, events))
      const last = attempts.at(-1)
      if (last?.command === command && (all || isRare(tally, subject, last))) survive(subject, last)
    }
    meetings(run, decisions, attempts)
    const met = attempts.length > mostMeetings ? some(dice, attempts, mostMeetings) : attempts
    for (const [index, a] of met.entries()) {
      for (const b of met.slice(index)) {
        scenario = { history, theirs: a.command, mine: b.command }
        const [first, second] = cross(subject, a, b)
        look(run, state, first, scenario)
        if (a === b) continue
        scenario = { history, theirs: b.command, mine: a.command }
        look(run, state, second, scenario)
      }
    }
    tally.states++
    return attempts
  }

  try {
    allowed(subject, state)
    for (let step = 0; step < length; step++) {
      const next = choose(run, swarm, probe())
      if (next === undefined) break
      steps.push(next)
      state = next.after
    }
    scenario = { history: steps.map(({ command }) => command) }
    replay(subject, steps, steps.length === 0 ? [] : [dice.below(steps.length)])
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    run.report(error.fault, scenario)
  }
  tally.histories++
}

/** Rather what has happened less often. */
const choose = (
  { dice, subject, tally }: Run,
  swarm: ReadonlyMap<string, number>,
  attempts: ReadonlyArray<Attempt>
): Attempt | undefined => {
  const weights = attempts.map(({ command, events }) => {
    const seen = Math.min(...events.map(({ _tag }) => tally.events[subject.indexOf(_tag)] ?? 0))
    return (swarm.get(command._tag) ?? 1) / (1 + Math.sqrt(seen))
  })
  let left = (dice.below(1_000_000) / 1_000_000) * weights.reduce((sum, weight) => sum + weight, 0)
  return attempts.find((_, index) => (left -= weights[index]!) < 0)
}

const some = <A>(dice: Dice, from: ReadonlyArray<A>, count: number): ReadonlyArray<A> => {
  const left = [...from]
  return Array.from({ length: count }, () => left.splice(dice.below(left.length), 1)[0]!)
}

const rare = 30

const isRare = (tally: Tally.Tally, subject: Subject, { events }: Attempt) =>
  events.some(({ _tag }) => (tally.events[subject.indexOf(_tag)] ?? 0) < rare)

const count = ({ subject, tally }: Run, command: Tagged, decision: Decision) => {
  const tries = tally.commands.get(command._tag)
  if (tries === undefined) return
  tries.tried++
  if (Result.isFailure(decision)) {
    tries.rejected++
    return
  }
  if (decision.success.length === 0) {
    tries.unchanged++
    return
  }
  tries.accepted++
  const decides = tally.decides.get(command._tag)!
  for (const { _tag } of decision.success) {
    const index = subject.indexOf(_tag)
    tally.events[index]!++
    decides[index]!++
  }
}

/** Which events could be had in this state, and which commands were tried there. */
const meetings = (
  { subject, tally }: Run,
  decisions: ReadonlyArray<readonly [Tagged, Decision]>,
  attempts: ReadonlyArray<Attempt>
) => {
  const here = new Set(attempts.flatMap(({ events }) => events.map(({ _tag }) => subject.indexOf(_tag))))
  for (const [command] of decisions) {
    const beside = tally.beside.get(command._tag)
    if (beside !== undefined) { for (const index of here) beside[index]!++ }
  }
}

/** Counts a meeting, keeps what it shows, and tells what is wrong with it. */
const look = (run: Run, state: unknown, placed: Placed, scenario: Scenario) => {
  const { subject, tally } = run
  const { mine, theirs } = placed
  for (const event of mine.events) {
    for (const other of theirs.events) {
      const at = Tally.cell(subject, event._tag, other._tag)
      tally.met[at]!++
      if (subject.conflicts?.between(event, other) !== "collides") tally.open[at]!++
    }
  }
  const single = mine.events.length === 1 && theirs.events.length === 1
  const at = Tally.cell(subject, mine.events[0]!._tag, theirs.events[0]!._tag)
  const counters = { order: tally.order, decision: tally.decision }
  const known = (kind: "order" | "decision") => (pair: Pair) =>
    counters[kind][Tally.cell(subject, pair.mine, pair.theirs)]! > 0
  const keep = (kind: "order" | "decision", pair: Pair) => {
    if (single) counters[kind][at]!++
    // the first few hundred hold a history that is short enough
    if (single && counters[kind][at]! > 300) return
    const tags = { mine: Tally.tagsOf(mine.events), theirs: Tally.tagsOf(theirs.events) }
    Tally.remember(tally, { kind, pair, ...tags, scenario })
  }
  if (!placed.diamond) {
    const pair = blameOrder(subject, state, placed)
    if (Result.isSuccess(placed.again)) tally.overwrites[Tally.cell(subject, pair.mine, pair.theirs)]!++
    keep("order", pair)
  }
  if (!placed.stable) keep("decision", blameDecision(subject, state, placed, known("decision")))
  const wrong: Meeting | undefined = judge(subject, placed)
  if (wrong === undefined) return
  run.report(found(wrong, blame(subject, state, placed, wrong, known("decision")), placed), scenario)
}
