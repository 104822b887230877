import * as Result from "effect/Result"
import { Conflict, RetriesExhausted } from "refold/Conflict"
import type { Appended } from "refold/RecordedEvent"
import { makeStock, type StockEvent, TooLittle } from "./domain.ts"
import { type Facts, inWords, isSame, nameOf } from "./facts.ts"
import { type Execution, labelOf, type Recorded } from "./history.ts"

const stock = makeStock("Stock")

const stateAfter = (events: ReadonlyArray<Recorded>) =>
  events.reduce((state, { event }) => stock.evolve(state, event), stock.initial)

/** Every command landed where the conflict table allows it, or ended with a reason that was true. */
export const judgeExecutions = (facts: Facts): ReadonlyArray<string> =>
  facts.history.executions.filter(({ transaction }) => transaction === undefined).flatMap((execution) =>
    judge(facts, execution).map((problem) => {
      const { command, seen, stream, strict } = execution
      const says = seen === undefined ? "" : `, ${strict ? "strictly " : ""}having seen version ${seen},`
      return `${command._tag} (${command.note}) on ${nameOf(stream)}${says} ${problem}`
    })
  )

const judge = (facts: Facts, execution: Execution): ReadonlyArray<string> => {
  const { beganAt, command, endedAt, outcome, seen } = execution
  const stream = facts.stream(execution.stream)
  const isSound = (version: number) =>
    version >= facts.floor(execution.stream, beganAt) && version <= stream.length &&
    facts.isPast(stream.slice(0, version), endedAt)
  const landed = stream.filter(({ event }) => event.note === command.note)

  if (isAppended(outcome)) {
    if (!isSame(landed, outcome.events)) {
      return [`was acknowledged as ${inWords(outcome.events)}, but there is ${inWords(landed)}`]
    }
    if (landed.some(({ metadata }) => metadata.actor !== command.note)) return [`landed with somebody else's metadata`]
    return outcome.events.length > 0
      ? judgePlace(execution, stream, outcome)
      : !isSound(outcome.version)
      ? [`decided nothing at version ${outcome.version}, which was not then`]
      : isSame(decideAfter(execution, stream.slice(0, outcome.version)), [])
      ? []
      : [`decided nothing at version ${outcome.version}, where there is something to do`]
  }
  if (landed.length > 0) return [`failed with ${outcome._tag}, but there is ${inWords(landed)}`]
  if (outcome instanceof Conflict) {
    const { actual, expected, pairs, theirs } = outcome
    const colliding = pairs.every(({ mine, theirs }) =>
      execution.strict || stock.conflicts.verdict(mine._tag, theirs.event._tag) === "collides"
    )
    return isSound(actual) && expected === (seen ?? expected) && isSame(theirs, stream.slice(expected, actual)) &&
        colliding
      ? []
      : [`was told of a conflict with ${inWords(theirs)}, after version ${expected} and up to ${actual}`]
  }
  if (outcome instanceof TooLittle) {
    const versions = [...stream.keys(), stream.length]
    const isTrue = versions.some((version) =>
      isSound(version) && stateAfter(stream.slice(0, version)).amount === outcome.there
    )
    return isTrue ? [] : [`was told that there are ${outcome.there}, which was not so then`]
  }
  // each try was too late for somebody else's append, of which the first may have been there before
  const others = new Set(
    stream.filter((event) => {
      const author = facts.attemptOf(event)
      return author !== undefined && author.beganAt < endedAt && facts.acknowledgedAt(author) > beganAt
    }).map(labelOf)
  )
  return others.size >= outcome.attempts - 1
    ? []
    : [`gave up after ${outcome.attempts} tries, while others appended ${others.size} times`]
}

/** The missed events are those right before, none of them collides, and the decision is that of a state they leave valid. */
const judgePlace = (
  execution: Execution,
  stream: ReadonlyArray<Recorded>,
  { events, missed, version }: Appended<StockEvent>
): ReadonlyArray<string> => {
  const { seen, strict } = execution
  const before = version - events.length
  const base = seen ?? before - missed.length
  const between = stream.slice(base, before)
  const mine = events.map(({ event }) => event)
  const meets = (theirs: ReadonlyArray<Recorded>, verdict: "collides" | "redecides") =>
    theirs.some(({ event }) => mine.some(({ _tag }) => stock.conflicts.verdict(_tag, event._tag) === verdict))
  const problems: Array<string> = []
  if (!isSame(between, missed)) problems.push(`had missed ${inWords(between)}, and was told of ${inWords(missed)}`)
  if (strict ? missed.length > 0 : meets(between, "collides")) problems.push(`was placed after ${inWords(missed)}`)
  const isDecidedSomewhere = [...between.keys(), between.length].some((passed) =>
    !meets(between.slice(passed), "redecides") &&
    isSame(decideAfter(execution, stream.slice(0, base + passed)), mine)
  )
  if (!isDecidedSomewhere) problems.push(`was not decided on a state after version ${base} that it could be moved from`)
  return problems
}

const decideAfter = ({ command }: Execution, events: ReadonlyArray<Recorded>) =>
  Result.getOrElse(stock.decide(command, stateAfter(events)), () => undefined)

const isAppended = (outcome: Execution["outcome"]): outcome is Appended<StockEvent> =>
  !(outcome instanceof Conflict || outcome instanceof RetriesExhausted || outcome instanceof TooLittle)
