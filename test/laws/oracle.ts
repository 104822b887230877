/**
 * What two decisions do to each other, found by trying all of them: every command of a finite alphabet, in every state
 * that such commands lead to. Plain and slow, and unlike the laws in all it does; so that if the two agree, both are right.
 */
import * as Result from "effect/Result"
import { isDeepStrictEqual } from "node:util"
import type { Aggregate } from "refold/Aggregate"
import type { Verdict } from "refold/Conflicts"
import { type Decider, fold, type Types } from "refold/Decider"
import { attribute, type Evidence, Verdicts } from "./blame.ts"

export interface Findings {
  readonly states: number
  /** Whether all reachable states were seen, or only those within the bound. */
  readonly complete: boolean
  /** For mine after theirs; "exclusive" if no state accepts both. */
  readonly found: (mine: string, theirs: string) => Verdict | "exclusive"
  /** Where the table of the aggregate lets happen what must not: as "Mine after Theirs". */
  readonly refused: ReadonlyArray<string>
}

interface Decided<T extends Types> {
  readonly command: T["Command"]
  readonly events: ReadonlyArray<T["Event"]>
  readonly next: T["State"]
}

const eventsOf = <T extends Types>({ decide }: Decider<T>, command: T["Command"], state: T["State"]) =>
  Result.getOrElse(decide(command, state), (): ReadonlyArray<T["Event"]> => [])

/** What is accepted in a state and changes it. */
const decisions = <T extends Types>(
  decider: Decider<T>,
  commands: ReadonlyArray<T["Command"]>,
  state: T["State"]
): ReadonlyArray<Decided<T>> =>
  commands.flatMap((command) => {
    const events = eventsOf(decider, command, state)
    return events.length === 0 ? [] : [{ command, events, next: fold(decider, state, events) }]
  })

/** The states that at most `depth` accepted commands lead to, nearest first, each with what it accepts. */
const reachable = <T extends Types>(
  decider: Decider<T>,
  commands: ReadonlyArray<T["Command"]>,
  depth: number
): { readonly states: ReadonlyArray<[T["State"], ReadonlyArray<Decided<T>>]>; readonly complete: boolean } => {
  const seen = new Set([keyOf(decider.initial)])
  const states: Array<[T["State"], ReadonlyArray<Decided<T>>]> = []
  let layer = [decider.initial]
  for (let steps = 0; layer.length > 0 && steps <= depth; steps++) {
    const next: Array<T["State"]> = []
    for (const state of layer) {
      const decided = decisions(decider, commands, state)
      states.push([state, decided])
      for (const each of decided) {
        const key = keyOf(each.next)
        if (seen.has(key)) continue
        seen.add(key)
        next.push(each.next)
      }
    }
    layer = next
  }
  return { states, complete: layer.length === 0 }
}

/** The same text for the same state, in whatever order its fields were set. */
const keyOf = (state: unknown): string =>
  JSON.stringify(state, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1))
      : value)

/** Tries everything. The depth is a bound for domains that have no end. */
export const enumerate = <T extends Types>(
  aggregate: Aggregate<T>,
  commands: ReadonlyArray<T["Command"]>,
  depth = Infinity
): Findings => {
  const { complete, states } = reachable(aggregate, commands, depth)
  const verdicts = new Verdicts()
  const known = new Map<string, Evidence>()
  const refused = new Set<string>()
  for (const [state, decided] of states) {
    for (const theirs of decided) {
      for (const mine of decided) {
        verdicts.meet(mine.events, theirs.events)
        const diamond = isDeepStrictEqual(
          fold(aggregate, theirs.next, mine.events),
          fold(aggregate, mine.next, theirs.events)
        )
        const stable = isDeepStrictEqual(eventsOf(aggregate, mine.command, theirs.next), mine.events)
        if (diamond && stable) continue
        const evidence = attribute({
          mine: mine.events,
          theirs: theirs.events,
          decideAgain: (missed) => eventsOf(aggregate, mine.command, fold(aggregate, state, missed)),
          outcome: (events) => fold(aggregate, state, events)
        })
        for (const each of evidence) known.set(JSON.stringify(each), each)
        const declared = mine.events.flatMap((event) =>
          theirs.events.map((other) => aggregate.conflicts.between(event, other))
        )
        if (declared.includes("collides") || (declared.includes("redecides") && !stable)) continue
        for (const { blamed, mine, theirs } of evidence.slice(0, 1)) {
          refused.add(`${mine[blamed[0]]} after ${theirs[blamed[1]]}`)
        }
      }
    }
  }
  verdicts.explain([...known.values()])
  return {
    states: states.length,
    complete,
    found: (mine, theirs) => verdicts.of(mine, theirs),
    refused: [...refused].toSorted()
  }
}
