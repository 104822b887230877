/**
 * What two decisions do to each other, found by trying all of them: every command of a finite alphabet, in every state
 * that such commands lead to. Plain and slow, and unlike the laws in all it does; so that if the two agree, both are right.
 */
import * as Result from "effect/Result"
import { isDeepStrictEqual } from "node:util"
import type { Verdict } from "refold/Conflicts"
import { type Decider, fold, type Types } from "refold/Decider"
import { attribute, type Evidence, Verdicts } from "./blame.ts"

export interface Findings {
  readonly states: number
  /** Whether all reachable states were seen, or only those within the bound. */
  readonly complete: boolean
  /** For mine after theirs; "exclusive" if no state accepts both. */
  readonly found: (mine: string, theirs: string) => Verdict | "exclusive"
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
  decider: Decider<T>,
  commands: ReadonlyArray<T["Command"]>,
  depth = Infinity
): Findings => {
  const { complete, states } = reachable(decider, commands, depth)
  const verdicts = new Verdicts()
  const several = new Map<string, Evidence>()
  for (const [state, decided] of states) {
    for (const theirs of decided) {
      for (const mine of decided) {
        verdicts.meet(mine.events, theirs.events)
        const diamond = isDeepStrictEqual(
          fold(decider, theirs.next, mine.events),
          fold(decider, mine.next, theirs.events)
        )
        const stable = isDeepStrictEqual(eventsOf(decider, mine.command, theirs.next), mine.events)
        if (diamond && stable) continue
        const [one, ...more] = mine.events
        const [other, ...others] = theirs.events
        if (one !== undefined && other !== undefined && more.length + others.length === 0) {
          verdicts.raise(one._tag, other._tag, diamond ? "redecides" : "collides")
          if (!diamond) verdicts.raise(other._tag, one._tag, "collides")
          continue
        }
        const decideAgain = (missed: ReadonlyArray<T["Event"]>) =>
          eventsOf(decider, mine.command, fold(decider, state, missed))
        const outcome = (events: ReadonlyArray<T["Event"]>) => fold(decider, state, events)
        for (const evidence of attribute({ mine: mine.events, theirs: theirs.events, decideAgain, outcome })) {
          several.set(JSON.stringify(evidence), evidence)
        }
      }
    }
  }
  verdicts.explain([...several.values()])
  return { states: states.length, complete, found: (mine, theirs) => verdicts.of(mine, theirs) }
}
