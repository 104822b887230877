import type { Tagged } from "refold/Decider"
import type { Pair, Scenario } from "./fault.ts"
import type { Subject } from "./subject.ts"

/** What became of the tries of one kind of command. */
export interface Tries {
  tried: number
  accepted: number
  rejected: number
  unchanged: number
}

/** A counter-example to P1 or to P2, the shortest of its kind. */
export interface Evidence {
  readonly kind: "order" | "decision"
  readonly pair: Pair
  /** The types of both decisions, all of which may have to do with it. */
  readonly mine: ReadonlyArray<string>
  readonly theirs: ReadonlyArray<string>
  readonly scenario: Scenario
}

/** What a run has seen so far. Filled at every probe, so it counts in flat arrays. */
export interface Tally {
  histories: number
  states: number
  readonly commands: Map<string, Tries>
  readonly events: Int32Array
  /** By pair: how often two such events met in a state, and how often so that the table does not let them collide. */
  readonly met: Int32Array
  readonly open: Int32Array
  /** Of single events: how often the order mattered, how often the decision was another one. */
  readonly order: Int32Array
  readonly decision: Int32Array
  /** By command, then by event: how often the one was tried where the other one was decided. */
  readonly beside: Map<string, Int32Array>
  /** By command, then by event: whether it decides such an event. */
  readonly decides: Map<string, Uint8Array>
  readonly evidence: Map<string, Evidence>
}

export const make = ({ commandTags, eventTags }: Subject): Tally => {
  const pairs = eventTags.length ** 2
  return {
    histories: 0,
    states: 0,
    commands: new Map(commandTags.map((tag) => [tag, { tried: 0, accepted: 0, rejected: 0, unchanged: 0 }])),
    events: new Int32Array(eventTags.length),
    met: new Int32Array(pairs),
    open: new Int32Array(pairs),
    order: new Int32Array(pairs),
    decision: new Int32Array(pairs),
    beside: new Map(commandTags.map((tag) => [tag, new Int32Array(eventTags.length)])),
    decides: new Map(commandTags.map((tag) => [tag, new Uint8Array(eventTags.length)])),
    evidence: new Map()
  }
}

export const cell = (subject: Subject, mine: string, theirs: string): number =>
  subject.indexOf(mine) * subject.eventTags.length + subject.indexOf(theirs)

/** How often commands that decide `mine` were tried in states in which somebody decided `theirs`. */
export const triedBeside = (subject: Subject, tally: Tally, { mine, theirs }: Pair): number => {
  let tried = 0
  for (const tag of subject.commandTags) {
    if (tally.decides.get(tag)?.[subject.indexOf(mine)] === 1) {
      tried += tally.beside.get(tag)?.[subject.indexOf(theirs)] ?? 0
    }
  }
  return tried
}

/**
 * How often the commands behind each of two events must have been tried where the other one was decided, and refused
 * every time, before the events are said to exclude each other.
 */
export const triesToExclude = 200

export type Meetings = "met" | "exclusive" | "unmet"

export const meetings = (subject: Subject, tally: Tally, pair: Pair): Meetings => {
  if ((tally.met[cell(subject, pair.mine, pair.theirs)] ?? 0) > 0) return "met"
  const { mine, theirs } = pair
  const tries = Math.min(triedBeside(subject, tally, pair), triedBeside(subject, tally, { mine: theirs, theirs: mine }))
  return tries >= triesToExclude ? "exclusive" : "unmet"
}

export const remember = (tally: Tally, evidence: Evidence) => {
  const { kind, mine, pair, theirs } = evidence
  const key = `${kind} ${pair.mine} ${pair.theirs} | ${mine.join()} | ${theirs.join()}`
  const known = tally.evidence.get(key)
  if (known === undefined || known.scenario.history.length > evidence.scenario.history.length) {
    tally.evidence.set(key, evidence)
  }
}

export const tagsOf = (events: ReadonlyArray<Tagged>): ReadonlyArray<string> => events.map(({ _tag }) => _tag)
