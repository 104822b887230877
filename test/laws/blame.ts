/** Which pair of types is to blame. Of decisions with several events that is open; what single events show goes first. */
import { isDeepStrictEqual } from "node:util"
import type { Verdict } from "refold/Conflicts"
import type { Tagged } from "refold/Decider"

/** Two decisions that do not go together as they are. */
export interface Evidence {
  readonly verdict: "redecides" | "collides"
  /** The types of both. Should one pair of them be known to be as strict, nothing is left to explain. */
  readonly mine: ReadonlyArray<string>
  readonly theirs: ReadonlyArray<string>
  /** Otherwise these are to blame: mine and theirs, by their places in the decisions. */
  readonly blamed: Places
}

type Places = readonly [mine: number, theirs: number]

const size = ({ mine, theirs }: Pick<Evidence, "mine" | "theirs">) => mine.length * theirs.length

const strictness = { commutes: 0, redecides: 1, collides: 2 }

/** What two decisions show, the worst first. */
export const attribute = <Event extends Tagged>({ decideAgain, mine, outcome, theirs }: {
  readonly mine: ReadonlyArray<Event>
  readonly theirs: ReadonlyArray<Event>
  readonly decideAgain: (missed: ReadonlyArray<Event>) => ReadonlyArray<Event>
  readonly outcome: (events: ReadonlyArray<Event>) => unknown
}): ReadonlyArray<Evidence> => {
  const swapped = firstSwap(mine, theirs, outcome)
  const disturbed = firstDisturbance(mine, theirs, decideAgain)
  const types = { mine: mine.map(({ _tag }) => _tag), theirs: theirs.map(({ _tag }) => _tag) }
  return [
    ...swapped === undefined ? [] : [{ ...types, verdict: "collides" as const, blamed: swapped }],
    ...disturbed === undefined ? [] : [{ ...types, verdict: "redecides" as const, blamed: disturbed }]
  ]
}

/** Brings mine before theirs, one swap of neighbours at a time: the first that changes the outcome. */
const firstSwap = <Event extends Tagged>(
  mine: ReadonlyArray<Event>,
  theirs: ReadonlyArray<Event>,
  outcome: (events: ReadonlyArray<Event>) => unknown
): Places | undefined => {
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
      if (!isDeepStrictEqual(outcome(order), expected)) return [at, missed]
    }
  }
  return undefined
}

/** The first of their events after which mine is decided otherwise, with the first that is gone from my decision then. */
const firstDisturbance = <Event extends Tagged>(
  mine: ReadonlyArray<Event>,
  theirs: ReadonlyArray<Event>,
  decideAgain: (missed: ReadonlyArray<Event>) => ReadonlyArray<Event>
): Places | undefined => {
  for (const missed of theirs.keys()) {
    const decided = decideAgain(theirs.slice(0, missed + 1))
    if (isDeepStrictEqual(decided, mine)) continue
    return [Math.max(0, mine.findIndex((event) => !decided.some((same) => isDeepStrictEqual(event, same)))), missed]
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

  /**
   * Single events first, then the strictest verdicts; from what leaves little choice to what leaves much, and from the
   * first events of decisions to those that follow.
   */
  explain(evidence: ReadonlyArray<Evidence>): void {
    const rank = ({ blamed: [mine, theirs], verdict, ...types }: Evidence) =>
      [size(types) > 1 ? 1 : 0, -strictness[verdict], size(types), mine + theirs] as const
    const ordered = evidence.toSorted((one, other) => {
      const [a, b] = [rank(one), rank(other)]
      return a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]
    })
    for (const each of ordered) {
      if (this.#explains(each)) continue
      const [mine, theirs] = [each.mine[each.blamed[0]] ?? "", each.theirs[each.blamed[1]] ?? ""]
      this.raise(mine, theirs, each.verdict)
      if (each.verdict === "collides") this.raise(theirs, mine, each.verdict)
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
