import * as Result from "effect/Result"
import { diff } from "./diff.ts"
import { examine, type Examined } from "./examine.ts"
import type { Fault, Meeting, Pair, Scenario } from "./fault.ts"
import { leaves } from "./leaves.ts"
import { nowhere, type Placed } from "./pairs.ts"
import { show, showEvents, showRejection, showTagged } from "./show.ts"
import type { Decision, Subject } from "./subject.ts"

const who = { mine: "Ann", theirs: "Bob" }

/** A fault in the words of the domain: what happened, what is wrong about that, and the ways out. */
export const explain = (subject: Subject, fault: Fault, scenario: Scenario): ReadonlyArray<string> => {
  const examined = examine(subject, scenario)
  const about = fault.kind === undefined || examined.placed === undefined
    ? [...alone(scenario), ...fault.details]
    : together(subject, fault.kind, examined, examined.placed)
  const waysOut = fault.pair === undefined || fault.kind === undefined
    ? fault.waysOut
    : ways(subject, fault.kind, fault, fault.pair, examined.placed)
  const all = [...inherited(scenario), ...waysOut]
  return [
    fault.headline,
    "",
    ...start(subject, examined),
    "",
    ...about.map(indent),
    ...(all.length === 0 ? [] : ["", "Ways out:", ...all.map((way) => `  - ${way}`)])
  ]
}

/** What cannot be shown again. */
export const explainOnce = ({ details, headline, waysOut }: Fault): ReadonlyArray<string> => [
  headline,
  "",
  ...details.map(indent),
  "",
  "It did not come up again when the same was tried once more: something is remembered outside of the state.",
  "",
  "Ways out:",
  ...waysOut.map((way) => `  - ${way}`)
]

/** Why two events do not commute, to go with a suggestion. */
export const explainEvidence = (
  subject: Subject,
  kind: "order" | "decision",
  scenario: Scenario
): ReadonlyArray<string> => {
  const examined = examine(subject, scenario)
  if (examined.placed === undefined) return []
  return [...start(subject, examined), "", ...together(subject, kind, examined, examined.placed).map(indent)]
}

const indent = (line: string) => line === "" ? "" : `  ${line}`

const start = (subject: Subject, { state, steps }: Examined): ReadonlyArray<string> => {
  const is = `the ${subject.name} is  ${show(subject.codecs.shown(state))}`
  if (steps.length === 0) return [`At the very start ${is}`]
  const lines = steps.map(({ command }) => `  ${showTagged(command)}`)
  return ["After", ...lines, is]
}

const alone = ({ mine, theirs }: Scenario): ReadonlyArray<string> =>
  mine === undefined
    ? []
    : theirs === undefined
    ? [`comes  ${showTagged(mine)}`]
    : [`come  ${showTagged(theirs)}`, `and, without having seen it,  ${showTagged(mine)}`]

const answered = (decision: Decision) =>
  Result.isSuccess(decision) ? showEvents(decision.success) : `rejected: ${showRejection(decision.failure)}`

/** What both did, one below the other. */
const did = ({ mine, theirs }: Placed): ReadonlyArray<string> => {
  const [first, second] = [showTagged(theirs.command), showTagged(mine.command)]
  const width = Math.min(60, Math.max(first.length, second.length))
  return [
    `${who.theirs}:  ${first.padEnd(width)}  →  ${showEvents(theirs.events)}`,
    `${who.mine}:  ${second.padEnd(width)}  →  ${showEvents(mine.events)}`,
    `      without having seen what ${who.theirs} did`,
    ""
  ]
}

const together = (
  subject: Subject,
  kind: Meeting,
  examined: Examined,
  placed: Placed
): ReadonlyArray<string> => {
  const { again, otherwise, outcome, theirs } = placed
  const shown = (state: unknown) => state === nowhere ? "nothing: evolve throws" : subject.codecs.shown(state)
  const both = did(placed)
  const orders = () => {
    const [first, second] = [`${who.theirs} first, then ${who.mine}`, `${who.mine} first, then ${who.theirs}`]
    return [
      `The ${subject.name} ends up differently:`,
      ...table(
        ["", first, second],
        diff(shown(outcome), shown(otherwise)).map(({ left, path, right }) => [path, left, right])
      )
    ]
  }
  const placing = () => [
    subject.conflicts === undefined
      ? `Placed as they are, ${who.mine}'s events come to:`
      : `…but the table places ${who.mine}'s events as they are:`,
    ...table(
      [],
      diff(shown(theirs.after), shown(outcome)).map(({ left, path, right }) => [path, `${left} → ${right}`])
    ),
    `the ${subject.name} is then  ${show(shown(outcome))}`
  ]
  const asked = `If ${who.mine} decides again, after ${who.theirs}:  ${answered(again)}`
  switch (kind) {
    case "order":
      return [...both, ...orders(), ...(placed.stable ? [] : ["", asked])]
    case "decision":
      return [...both, asked, ...placing()]
    case "unnoticed":
      return [...both, `${asked}    (the same as before)`, ...orders()]
    case "forbidden":
      return [...both, ...(placed.stable ? [] : [asked]), ...placing(), "which the invariant forbids."]
  }
}

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const lines = head.length === 0 ? rows : [head, ...rows]
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines.map((line) => `  ${line.map((text, column) => text.padEnd(widths[column] ?? 0)).join("   ")}`.trimEnd())
}

const ways = (
  subject: Subject,
  kind: Meeting,
  { both = false }: Fault,
  { mine, theirs }: Pair,
  placed: Placed | undefined
): ReadonlyArray<string> => {
  const one = (verdict: string, mine: string, theirs: string) =>
    (subject.conflicts?.verdicts(mine, theirs).length ?? 1) > 1
      ? `have ${mine} ${verdict === "collides" ? "collide with" : "redecide after"} ${theirs} on a condition that ` +
        `applies to these two`
      : `declare  ${mine}: { ${verdict}: ["${theirs}"] }`
  const declare = (verdict: string) =>
    [one(verdict, mine, theirs), ...(both ? [one(verdict, theirs, mine)] : [])].join(", and ")
  const told = `, and ${who.mine} is told`
  const again = placed !== undefined && !placed.stable
  switch (kind) {
    case "order":
      return [
        `${declare("collides")}${told}: somebody has to look at both`,
        ...(placed !== undefined && Result.isFailure(placed.again)
          ? [`${declare("redecides")}, if it is enough that ${who.mine} is told of the rejection`]
          : []),
        `change evolve, so that the ${subject.name} is the same in either order`
      ]
    case "decision":
      return [
        `${declare("redecides")}, and ${who.mine}'s command is decided again on what is true then; or collides, if ` +
        `${who.mine} should be told`,
        `change decide, so that it does not depend on ${theirs}`
      ]
    case "unnoticed":
      return [
        `${declare("collides")}${told}: as it is, one of the two overwrites the other without a word`,
        `change decide, so that it answers differently after ${theirs}; or evolve, so that the order does not matter`
      ]
    case "forbidden":
      return [
        again
          ? `${declare("redecides")}, and ${who.mine}'s command is decided again on what is true then`
          : `${declare("collides")}${told}`,
        `change the invariant, if the ${subject.name} may be like that`
      ]
  }
}

/** Names that every object has, although nobody has put them there. */
const inherited = (scenario: Scenario): ReadonlyArray<string> => {
  const values = [...scenario.history, scenario.theirs, scenario.mine].flatMap((command) => leaves(command))
  const names = new Set(values.flatMap(({ value }) => typeof value === "string" && value in {} ? [value] : []))
  return [...names].map((name) =>
    `"${name}" is a name that every object has: look things up with Object.hasOwn, or keep them in a Map`
  )
}
