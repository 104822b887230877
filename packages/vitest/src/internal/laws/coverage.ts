import type { Verdict } from "refold/Conflicts"
import type { Explained } from "./found.ts"
import { isOpen } from "./run.ts"
import type { Subject } from "./subject.ts"
import * as Tally from "./tally.ts"

/** How often a command was tried in all states together, and what came of it. */
export interface CommandCoverage {
  readonly command: string
  readonly tried: number
  /** It decided events. */
  readonly accepted: number
  readonly rejected: number
  /** It was accepted without any event. */
  readonly unchanged: number
}

/** How often an event was decided. */
export interface EventCoverage {
  readonly event: string
  readonly produced: number
}

/** How often two events were decided in the same state. */
export interface PairCoverage {
  readonly mine: string
  readonly theirs: string
  readonly met: number
  /** How often a command that decides `mine` was tried in a state in which `theirs` was decided. */
  readonly tried: number
  /** They have never met, and not for lack of trying: a state that allows the one refuses the other. */
  readonly exclusive: boolean
  /** What the table says, strictest first; empty if it was not asked. */
  readonly declared: ReadonlyArray<Verdict>
}

/** What a run has seen. */
export interface Coverage {
  readonly histories: number
  /** How many states everything was tried in. */
  readonly states: number
  readonly commands: ReadonlyArray<CommandCoverage>
  readonly events: ReadonlyArray<EventCoverage>
  readonly pairs: ReadonlyArray<PairCoverage>
}

export const make = (subject: Subject, tally: Tally.Tally): Coverage => ({
  histories: tally.histories,
  states: tally.states,
  commands: [...tally.commands].map(([command, tries]) => ({ command, ...tries })),
  events: subject.eventTags.map((event, index) => ({ event, produced: tally.events[index] ?? 0 })),
  pairs: subject.eventTags.flatMap((mine) =>
    subject.eventTags.map((theirs) => ({
      mine,
      theirs,
      met: tally.met[Tally.cell(subject, mine, theirs)] ?? 0,
      tried: Tally.triedBeside(subject, tally, { mine, theirs }),
      exclusive: Tally.meetings(subject, tally, { mine, theirs }) === "exclusive",
      declared: subject.conflicts?.verdicts(mine, theirs) ?? []
    }))
  )
})

/** What has not been seen, although the table depends on it. */
export const gaps = (
  subject: Subject,
  tally: Tally.Tally,
  seed: string | number,
  retired: ReadonlyArray<string> = []
): ReadonlyArray<Explained> => {
  const gap = (headline: string, waysOut: ReadonlyArray<string>): Explained => ({
    law: "coverage",
    headline,
    pairs: [],
    explanation: [
      headline,
      "",
      "Ways out:",
      ...waysOut.map((way) => `  - ${way}`),
      "",
      `Looked for in ${tally.histories} histories of seed ${JSON.stringify(seed)}.`
    ].join("\n")
  })
  const refused = [...tally.commands].filter(([, { accepted, unchanged }]) => accepted + unchanged === 0)
  const missing = subject.eventTags.filter((_, index) => tally.events[index] === 0)
  const pairs = subject.eventTags.flatMap((mine) => subject.eventTags.map((theirs) => ({ mine, theirs })))
    .filter(({ mine, theirs }) => !missing.includes(mine) && !missing.includes(theirs))
    .filter((pair) => isOpen(subject, pair))
  return [
    ...refused.map(([tag, { tried }]) =>
      gap(`${tag} was never accepted: tried ${tried} times.`, [
        `supply the values it needs:  commands: { ${tag}: Arbitrary… }`,
        `prefer the commands that lead to where it is accepted:  weights: { … }`,
        `see whether decide refuses it always`
      ])
    ),
    ...missing.filter((tag) => !retired.includes(tag)).map((tag) =>
      gap(`${tag} never happened: no command that was tried decides it.`, [
        `supply the values that lead to it:  commands: { … }`,
        `if no command decides it any more: the table still has to name it, but say  ${tag}: "collides"  there, and ` +
        `have the laws ignore it:  retired: ["${tag}"]`
      ])
    ),
    ...pairs.filter((pair) => Tally.meetings(subject, tally, pair) === "unmet").map((pair) => {
      const { mine, theirs } = pair
      const decides = ([, events]: readonly [string, Int32Array]) => (events[subject.indexOf(mine)] ?? 0) > 0
      const commands = [...tally.decides].filter(decides).map(([tag]) => tag)
      return gap(
        `${mine} and ${theirs} never met: in ${Tally.triedBeside(subject, tally, pair)} tries of ${
          commands.join(" and ")
        } ` +
          `where ${theirs} was decided.`,
        [
          `supply values with which both can happen in the same state:  commands: { ${
            commands.join(", ")
          }: Arbitrary… }`,
          `prefer the commands that lead there:  weights: { … }; or ask for more:  histories: ${tally.histories * 4}`,
          `if it should not be tried: declare  ${mine}: { collides: ["${theirs}"] }`
        ]
      )
    }),
    ...pairs.filter((pair) =>
      Tally.meetings(subject, tally, pair) === "met" && tally.open[Tally.cell(subject, pair.mine, pair.theirs)] === 0
    ).map(({ mine, theirs }) =>
      gap(`${mine} and ${theirs} met only where the condition of the table lets them collide.`, [
        `supply values to which the condition does not apply:  commands: { … }`,
        `if it always applies: declare  ${mine}: { collides: ["${theirs}"] }`
      ])
    )
  ]
}
