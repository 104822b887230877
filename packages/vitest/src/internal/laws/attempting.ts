import * as Result from "effect/Result"
import type { Tagged } from "refold/Decider"
import { unrepeatable } from "./asking.ts"
import { Broken } from "./fault.ts"
import { freeze } from "./freeze.ts"
import type { Attempt } from "./pairs.ts"
import { same } from "./same.ts"
import { show, showEvents, showRejection, showTagged } from "./show.ts"
import type { Decision, Subject } from "./subject.ts"

const answered = (decision: Decision) =>
  Result.isSuccess(decision) ? showEvents(decision.success) : `rejected: ${showRejection(decision.failure)}`

const sameDecision = (a: Decision, b: Decision) =>
  Result.isSuccess(a)
    ? Result.isSuccess(b) && same(a.success, b.success)
    : Result.isFailure(b) && same(a.failure, b.failure)

/** The same command in the same state, after others may have been decided in between. */
export const decideAgain = (subject: Subject, command: Tagged, state: unknown, before: Decision): void => {
  const again = subject.decide(command, state)
  if (sameDecision(before, again)) return
  throw new Broken(unrepeatable("decide", command, answered(before), answered(again)))
}

/** The state after what was decided, twice; and it must be one that may be. */
export const accept = (subject: Subject, command: Tagged, state: unknown, events: ReadonlyArray<Tagged>): Attempt => {
  let after = state
  for (const event of freeze(events)) {
    const next = subject.evolve(after, event)
    const again = subject.evolve(after, event)
    if (!subject.sameState(next, again)) throw new Broken(unrepeatable("evolve", event, show(next), show(again)))
    after = freeze(next)
  }
  allowed(subject, after)
  return { command, events, after }
}

/** P3, for a state that one after the other can lead to. */
export const allowed = (subject: Subject, state: unknown): void => {
  if (subject.invariant === undefined || subject.invariant(state)) return
  throw new Broken({
    law: "invariant",
    key: "invariant",
    headline: `The invariant does not hold in a state that commands lead to, one after the other.`,
    details: [`the ${subject.name} is then  ${show(subject.codecs.shown(state))}`],
    waysOut: [`have decide refuse the last command there`, `if the state may be: correct the invariant`]
  })
}

/** P5, for all that one command brings about. */
export const survive = (subject: Subject, { after, command, events }: Attempt): void => {
  subject.codecs.command(command)
  for (const event of events) subject.codecs.event(event)
  subject.codecs.state(after)
}

/** P6: folded from what is read back, and from a snapshot somewhere on the way, the state is what it was. */
export const replay = (
  subject: Subject,
  steps: ReadonlyArray<Attempt>,
  snapshots: ReadonlyArray<number>
): void => {
  const end = steps.at(-1)?.after
  if (steps.length === 0) return
  const events = steps.flatMap(({ events }) => events)
  const differs = (how: string, state: unknown) => {
    if (subject.sameState(end, state)) return
    throw new Broken({
      law: "replay",
      key: `replay ${how}`,
      headline: `${how} does not end in the state that came about step by step.`,
      details: [
        `step by step the ${subject.name} is  ${show(subject.codecs.shown(end))}`,
        `but then  ${show(subject.codecs.shown(state))}`,
        `the events  ${events.map(showTagged).join(", ")}`
      ],
      waysOut: [
        `look for what evolve remembers from one call to the next, or compares by identity (===, a Map of objects): ` +
        `what is read back is equal, and not the same`
      ]
    })
  }
  differs("A replay of the events", subject.fold(subject.initial, events))
  differs(
    "A replay of the events as they are read back",
    subject.fold(subject.initial, events.map(subject.codecs.event))
  )
  for (const at of snapshots) {
    const snapshot = subject.codecs.state(steps[at]?.after)
    const tail = steps.slice(at + 1).flatMap(({ events }) => events)
    differs("A snapshot with the events after it", subject.fold(snapshot, tail))
  }
}
