import type { Verdict } from "refold/Conflicts"
import * as Ambient from "./ambient.ts"
import { shows } from "./examine.ts"
import { explainEvidence } from "./explain.ts"
import type { Pair } from "./fault.ts"
import { stricter } from "./pairs.ts"
import { isIdentifier } from "./show.ts"
import { shrink } from "./shrink.ts"
import type { Subject } from "./subject.ts"
import * as Tally from "./tally.ts"

/** What the laws say of a pair. */
export interface PairVerdict {
  readonly mine: string
  readonly theirs: string
  /** `collides` where the order made a difference, `redecides` where only the decision did, and else `commutes`. */
  readonly verdict: Verdict
  /** The order made a difference, and each time my command would be rejected after theirs: `redecides` holds as well. */
  readonly rejects: boolean
  readonly met: number
  readonly tried: number
  /** They cannot happen in the same state: no verdict is needed, and they are left to commute. */
  readonly exclusive: boolean
  /** Why it is not less strict, in words. Without one, either nothing was seen against it, or it has never met. */
  readonly counterexample: string | undefined
}

/** The verdict of every pair by the evidence: first of single events, then what that does not explain yet. */
export const verdicts = (
  subject: Subject,
  tally: Tally.Tally
): ReadonlyMap<string, readonly [Verdict, Tally.Evidence]> => {
  const found = new Map<string, readonly [Verdict, Tally.Evidence]>()
  const keyOf = (mine: string, theirs: string) => `${mine} ${theirs}`
  const is = (mine: string, theirs: string, verdict: Verdict) => {
    const known = found.get(keyOf(mine, theirs))?.[0]
    return known !== undefined && !stricter(verdict, known)
  }
  const set = ({ mine, theirs }: Pair, verdict: Verdict, evidence: Tally.Evidence) => {
    if (!is(mine, theirs, verdict)) found.set(keyOf(mine, theirs), [verdict, evidence])
  }
  const take = (evidence: Tally.Evidence) => {
    const { mine, theirs } = evidence.pair
    if (evidence.kind === "decision") return set({ mine, theirs }, "redecides", evidence)
    set({ mine, theirs }, "collides", evidence)
    set({ mine: theirs, theirs: mine }, "collides", evidence)
  }
  // of pairs that would explain the same, the one of the earlier events: whatever was seen first, it is the same one
  const place = ({ mine, pair, theirs }: Tally.Evidence) => mine.indexOf(pair.mine) + theirs.indexOf(pair.theirs)
  const all = [...tally.evidence.values()].toSorted((a, b) =>
    a.mine.length * a.theirs.length - b.mine.length * b.theirs.length || place(a) - place(b)
  )
  const isSingle = ({ mine, theirs }: Tally.Evidence) => mine.length === 1 && theirs.length === 1
  for (const evidence of all.filter(isSingle)) take(evidence)
  for (const kind of ["order", "decision"] as const) {
    for (const evidence of all) {
      if (isSingle(evidence) || evidence.kind !== kind) continue
      const explains = kind === "order" ? "collides" : "redecides"
      if (!evidence.mine.some((mine) => evidence.theirs.some((theirs) => is(mine, theirs, explains)))) take(evidence)
    }
  }
  return found
}

export const pairs = (subject: Subject, tally: Tally.Tally): ReadonlyArray<PairVerdict> => {
  const found = verdicts(subject, tally)
  return subject.eventTags.flatMap((mine) =>
    subject.eventTags.map((theirs): PairVerdict => {
      const [verdict, evidence] = found.get(`${mine} ${theirs}`) ?? [undefined, undefined]
      const meetings = Tally.meetings(subject, tally, { mine, theirs })
      const cell = Tally.cell(subject, mine, theirs)
      return {
        mine,
        theirs,
        // what nobody has seen is not said to commute
        verdict: verdict ?? (meetings === "unmet" ? "collides" : "commutes"),
        rejects: verdict === "collides" && tally.met[cell]! > 0 && tally.overwrites[cell] === 0,
        met: tally.met[cell] ?? 0,
        tried: Tally.triedBeside(subject, tally, { mine, theirs }),
        exclusive: meetings === "exclusive",
        counterexample: evidence === undefined ? undefined : tell(subject, evidence)
      }
    })
  )
}

const tell = (subject: Subject, { kind, pair, scenario }: Tally.Evidence): string =>
  Ambient.watched(() => {
    const still = (scenario: Tally.Evidence["scenario"]) => shows(subject, scenario, kind, pair)
    return explainEvidence(subject, kind, still(scenario) ? shrink(subject, scenario, still) : scenario).join("\n")
  })

const list = (tags: ReadonlyArray<string>) => `[${tags.map((tag) => JSON.stringify(tag)).join(", ")}]`
const key = (tag: string) => isIdentifier(tag) ? tag : JSON.stringify(tag)

/** As source text. */
export const source = (eventTags: ReadonlyArray<string>, pairs: ReadonlyArray<PairVerdict>): string => {
  const rows = eventTags.map((mine, index) => {
    const row = pairs.filter((pair) => pair.mine === mine)
    const named = (verdict: Verdict) => row.filter((pair) => pair.verdict === verdict).map(({ theirs }) => theirs)
    const only = (["collides", "redecides"] as const).find((verdict) => named(verdict).length === eventTags.length)
    const rules = (["collides", "redecides"] as const).flatMap((verdict) => {
      const tags = named(verdict)
      return tags.length === 0 ? [] : [`${verdict}: ${list(tags)}`]
    })
    const rule = only === undefined ? rules.length === 0 ? "{}" : `{ ${rules.join(", ")} }` : JSON.stringify(only)
    const exclusive = row.filter((pair) => pair.exclusive).map(({ theirs }) => theirs)
    const rejects = row.filter((pair) => pair.rejects).map(({ theirs }) => theirs)
    const unmet = row.filter((pair) => !pair.exclusive && pair.met === 0).map(({ theirs }) => theirs)
    const notes = [
      ...(rejects.length === 0 ? [] : [`rejected if decided again, so redecides would do: ${rejects.join(", ")}`]),
      ...(exclusive.length === 0 ? [] : [`never in the same state: ${exclusive.join(", ")}`]),
      ...(unmet.length === 0 ? [] : [`not seen, to be safe: ${unmet.join(", ")}`])
    ]
    const comma = index === eventTags.length - 1 ? "" : ","
    return `  ${key(mine)}: ${rule}${comma}${notes.length === 0 ? "" : ` // ${notes.join("; ")}`}`
  })
  return ["conflicts: {", ...rows, "}"].join("\n")
}
