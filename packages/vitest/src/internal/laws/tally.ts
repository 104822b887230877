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
  /** By pair: how often the order mattered, and mine would not have been rejected after theirs. */
  readonly overwrites: Int32Array
  /** By command, then by event: how often the one was tried where the other one was decided. */
  readonly beside: Map<string, Int32Array>
  /** By command, then by event: how often it decided such an event. */
  readonly decides: Map<string, Int32Array>
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
    overwrites: new Int32Array(pairs),
    beside: new Map(commandTags.map((tag) => [tag, new Int32Array(eventTags.length)])),
    decides: new Map(commandTags.map((tag) => [tag, new Int32Array(eventTags.length)])),
    evidence: new Map()
  }
}

export const cell = (subject: Subject, mine: string, theirs: string): number =>
  subject.indexOf(mine) * subject.eventTags.length + subject.indexOf(theirs)

/** How often commands that decide `mine` were tried in states in which somebody decided `theirs`. */
export const triedBeside = (subject: Subject, tally: Tally, pair: Pair): number =>
  sumBeside(subject, tally, pair, (decided) => decided > 0 ? 1 : 0)

/** How often they would have decided it there, if what is decided there had nothing to do with it. */
const expectedBeside = (subject: Subject, tally: Tally, pair: Pair): number =>
  sumBeside(subject, tally, pair, (decided, tried) => tried > 0 ? decided / tried : 0)

const sumBeside = (
  subject: Subject,
  tally: Tally,
  { mine, theirs }: Pair,
  share: (decided: number, tried: number) => number
): number => {
  let sum = 0
  for (const [tag, { tried }] of tally.commands) {
    const beside = tally.beside.get(tag)?.[subject.indexOf(theirs)] ?? 0
    sum += beside * share(tally.decides.get(tag)?.[subject.indexOf(mine)] ?? 0, tried)
  }
  return sum
}

/** Meetings after which a pair has been seen well enough for nothing more to be done about it. */
const meetingsEnough = 1000

/**
 * Which commands are hard to come by: those that are seldom accepted, or that decide an event which is seldom seen, as
 * long as one of their events has not met others well enough.
 */
export const hard = (subject: Subject, tally: Tally): (tag: string) => boolean => {
  const often = Math.max(...tally.events)
  const { eventTags } = subject
  const isSeen = (mine: string) =>
    eventTags.every((theirs) =>
      tally.met[cell(subject, mine, theirs)]! >= meetingsEnough ||
      meetings(subject, tally, { mine, theirs }) === "exclusive"
    )
  const tags = subject.commandTags.filter((tag) => {
    const tries = tally.commands.get(tag)
    if (tries === undefined || tries.tried === 0) return false
    const decided = eventTags.filter((_, index) => (tally.decides.get(tag)?.[index] ?? 0) > 0)
    const rarest = Math.min(often, ...decided.map((event) => tally.events[subject.indexOf(event)] ?? 0))
    if (tries.accepted >= tries.tried / 5 && rarest >= often / 10) return false
    return decided.length === 0 || !decided.every(isSeen)
  })
  return (tag) => tags.includes(tag)
}

/**
 * How often the commands behind each of two events must have been tried where the other one was decided, and refused
 * every time, before the events are said to exclude each other.
 */
export const triesToExclude = 200

/** How many meetings must have been expected; of an event that is seldom decided, none mean little after as many tries. */
const meetingsToExclude = 60

export type Meetings = "met" | "exclusive" | "unmet"

export const meetings = (subject: Subject, tally: Tally, pair: Pair): Meetings => {
  if ((tally.met[cell(subject, pair.mine, pair.theirs)] ?? 0) > 0) return "met"
  const both = [pair, { mine: pair.theirs, theirs: pair.mine }]
  return both.every((pair) =>
      triedBeside(subject, tally, pair) >= triesToExclude && expectedBeside(subject, tally, pair) >= meetingsToExclude
    )
    ? "exclusive"
    : "unmet"
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
