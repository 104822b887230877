/** Of decisions with several events: which pair of types is to blame. What single events have shown goes first. */
import { isDeepStrictEqual } from "node:util"
import type { Verdict } from "refold/Conflicts"
import type { Tagged } from "refold/Decider"

/** Two decisions that do not go together as they are. */
export interface Evidence {
  readonly verdict: "redecides" | "collides"
  /** The types of both. Should one pair of them be known to be as strict, nothing is left to explain. */
  readonly mine: ReadonlyArray<string>
  readonly theirs: ReadonlyArray<string>
  /** The pairs that are to blame otherwise, as mine and theirs. */
  readonly blamed: ReadonlyArray<readonly [string, string]>
}

const strictness = { commutes: 0, redecides: 1, collides: 2 }

const typesOf = (events: ReadonlyArray<Tagged>) => [...new Set(events.map(({ _tag }) => _tag))].toSorted()

/** What two decisions show, of which one at least has several events. */
export const attribute = <Event extends Tagged>({ decideAgain, mine, outcome, theirs }: {
  readonly mine: ReadonlyArray<Event>
  readonly theirs: ReadonlyArray<Event>
  readonly decideAgain: (missed: ReadonlyArray<Event>) => ReadonlyArray<Event>
  readonly outcome: (events: ReadonlyArray<Event>) => unknown
}): ReadonlyArray<Evidence> => {
  const swapped = firstSwap(mine, theirs, outcome)
  const disturbed = firstDisturbance(mine, theirs, decideAgain)
  const types = { mine: typesOf(mine), theirs: typesOf(theirs) }
  return [
    ...swapped === undefined ? [] : [{ ...types, verdict: "collides" as const, blamed: [swapped] }],
    ...disturbed === undefined ? [] : [{ ...types, verdict: "redecides" as const, blamed: disturbed }]
  ]
}

/** Brings mine before theirs, one swap of neighbours at a time: the first that changes the outcome. */
const firstSwap = <Event extends Tagged>(
  mine: ReadonlyArray<Event>,
  theirs: ReadonlyArray<Event>,
  outcome: (events: ReadonlyArray<Event>) => unknown
): readonly [string, string] | undefined => {
  const expected = outcome([...theirs, ...mine])
  for (const [at, event] of mine.entries()) {
    for (let missed = theirs.length - 1; missed >= 0; missed--) {
      const order = [
        ...mine.slice(0, at),
        ...theirs.slice(0, missed),
        event,
        ...theirs.slice(missed),
        ...mine.slice(at + 1)
      ]
      const other = theirs[missed]
      if (other !== undefined && !isDeepStrictEqual(outcome(order), expected)) return [event._tag, other._tag]
    }
  }
  return undefined
}

/** The first of their events after which mine is decided otherwise, with what is gone from my decision then. */
const firstDisturbance = <Event extends Tagged>(
  mine: ReadonlyArray<Event>,
  theirs: ReadonlyArray<Event>,
  decideAgain: (missed: ReadonlyArray<Event>) => ReadonlyArray<Event>
): ReadonlyArray<readonly [string, string]> | undefined => {
  for (const [index, their] of theirs.entries()) {
    const decided = decideAgain(theirs.slice(0, index + 1))
    if (isDeepStrictEqual(decided, mine)) continue
    const left = [...decided]
    const gone = mine.filter((event) => {
      const same = left.findIndex((other) => isDeepStrictEqual(event, other))
      if (same >= 0) left.splice(same, 1)
      return same < 0
    })
    return typesOf(gone.length > 0 ? gone : mine).map((tag) => [tag, their._tag])
  }
  return undefined
}

/** What has been found of each pair so far. */
export class Verdicts {
  readonly #found = new Map<string, Verdict>()

  /** These have been decided in the same state. */
  meet(mine: ReadonlyArray<Tagged>, theirs: ReadonlyArray<Tagged>): void {
    for (const { _tag } of mine) {
      for (const other of theirs) this.raise(_tag, other._tag, "commutes")
    }
  }

  raise(mine: string, theirs: string, verdict: Verdict): void {
    const known = this.of(mine, theirs)
    if (known === "exclusive" || strictness[known] < strictness[verdict]) this.#found.set(`${mine} ${theirs}`, verdict)
  }

  of(mine: string, theirs: string): Verdict | "exclusive" {
    return this.#found.get(`${mine} ${theirs}`) ?? "exclusive"
  }

  /** Until nothing is left to explain: of what is, the evidence that leaves the least to choose from is taken first. */
  explain(evidence: ReadonlyArray<Evidence>): void {
    for (let open = evidence.filter((each) => !this.#explains(each)); open.length > 0;) {
      const choices = ({ blamed, mine, theirs }: Evidence) => [blamed.length, mine.length * theirs.length]
      const least = open.map(choices).toSorted(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d)[0]
      for (const each of open.filter((each) => isDeepStrictEqual(choices(each), least))) {
        for (const [mine, theirs] of each.blamed) {
          this.raise(mine, theirs, each.verdict)
          if (each.verdict === "collides") this.raise(theirs, mine, each.verdict)
        }
      }
      open = open.filter((each) => !this.#explains(each))
    }
  }

  #explains({ mine, theirs, verdict }: Evidence): boolean {
    return mine.some((mine) =>
      theirs.some((theirs) => {
        const known = this.of(mine, theirs)
        return known !== "exclusive" && strictness[known] >= strictness[verdict]
      })
    )
  }
}
