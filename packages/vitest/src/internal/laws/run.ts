import type * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import type { Tagged } from "refold/Decider"
import * as Ambient from "./ambient.ts"
import * as Deck from "./deck.ts"
import * as Dice from "./dice.ts"
import type { Fault, Scenario } from "./fault.ts"
import { type Run, walk } from "./history.ts"
import { gather, type NoMaterial } from "./material.ts"
import type { Subject } from "./subject.ts"
import * as Tally from "./tally.ts"

/** A fault as it was first met. */
export interface Finding {
  readonly fault: Fault
  readonly scenario: Scenario
  /** The number of the history, from 1. */
  readonly history: number
}

export interface Explored {
  readonly tally: Tally.Tally
  readonly findings: ReadonlyArray<Finding>
}

export interface Settings {
  readonly seed: string | number
  readonly histories: number
  readonly weights: Readonly<Record<string, number | undefined>>
  readonly commands: Readonly<Record<string, Arbitrary.Arbitrary<Tagged> | undefined>>
}

/** Pairs that have not met by then get that many times as many histories as there were to be. */
const patience = 4
const betweenYields = 8

/** Makes histories, and looks for faults in them. */
export const explore = Effect.fnUntraced(function*(
  subject: Subject,
  settings: Settings
): Effect.fn.Return<Explored, NoMaterial> {
  const { commands, histories, seed, weights } = settings
  const material = yield* gather(subject, commands, seed)
  const dice = Dice.make(seed)
  const tally = Tally.make(subject)
  const findings = new Map<string, Finding>()
  const run: Run = {
    subject,
    tally,
    dice,
    weight: (tag) => weights[tag] ?? 1,
    report: (fault, scenario) => {
      const known = findings.get(fault.key)
      // what two single events show is plainer than what decisions of several do
      if (known !== undefined && (isSingle(known.fault) || !isSingle(fault))) return
      findings.set(fault.key, { fault, scenario, history: tally.histories + 1 })
    }
  }
  while (tally.histories < histories || (tally.histories < histories * patience && waits(subject, tally))) {
    Ambient.watched(() => {
      for (let index = 0; index < betweenYields; index++) walk(run, Deck.make(subject, material, dice))
    })
    // what is not a function of its arguments makes nonsense of everything else
    if ([...findings.values()].some(({ fault }) => fault.pair === undefined)) break
    yield* Effect.yieldNow
  }
  return { tally, findings: [...findings.values()] }
})

export const isSingle = ({ decided }: Fault): boolean =>
  decided === undefined || (decided.mine.length === 1 && decided.theirs.length === 1)

/** Whether there is a pair for which nothing is known yet, though the table depends on it. */
const waits = (subject: Subject, tally: Tally.Tally): boolean =>
  subject.eventTags.some((mine) =>
    subject.eventTags.some((theirs) =>
      isOpen(subject, { mine, theirs }) && Tally.meetings(subject, tally, { mine, theirs }) === "unmet"
    )
  )

/** Whether the table lets such a pair be placed at all. */
export const isOpen = ({ conflicts }: Subject, { mine, theirs }: { readonly mine: string; readonly theirs: string }) =>
  conflicts?.verdicts(mine, theirs).some((verdict) => verdict !== "collides") ?? true
