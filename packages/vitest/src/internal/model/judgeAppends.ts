import * as AppendCondition from "refold/AppendCondition"
import type { Tagged } from "refold/Decider"
import type { RecordedEvent } from "refold/RecordedEvent"
import { type Facts, inWords, isSame, nameOf } from "./facts.ts"
import type { Attempt } from "./history.ts"
import { judgeAsNew, judgeRepeated, judgeTaken } from "./judgeRepeats.ts"
import { judgeTogether } from "./judgeTogether.ts"
import { streamAsTold } from "./undone.ts"

type Events = ReadonlyArray<RecordedEvent<Tagged>>

/** Every append is in or out as its client was told, whole, and where its condition holds; and so are refusals. */
export const judgeAppends = (facts: Facts): ReadonlyArray<string> => [
  ...facts.history.attempts.flatMap((attempt) =>
    judge(facts, attempt).map((problem) =>
      `attempt ${attempt.id} to append ${attempt.events.map(({ _tag }) => _tag).join(", ") || "nothing"} to ` +
      `${nameOf(attempt.stream)} on ${AppendCondition.format(attempt.condition)}: ${problem}`
    )
  ),
  ...judgeTogether(facts)
]

const judge = (facts: Facts, attempt: Attempt): ReadonlyArray<string> => {
  const { condition, events, outcome, transaction } = attempt
  const found = facts.found(attempt)
  const isIn = found.length > 0
  const before = (found[0]?.version ?? 0) - 1
  const stream = facts.stream(attempt.stream)

  const problems: Array<string> = []
  const isOut = ["refused", "held", "taken", "unavailable"].includes(outcome._tag) || transaction?.end === "rolled back"
  if (isOut && isIn) problems.push(`it was ${transaction?.end ?? outcome._tag}, but there is ${inWords(found)}`)
  if (isIn && !isSame(found.map(({ event }) => event), events)) problems.push(`of it there is ${inWords(found)}`)
  if (isIn && found.some(({ version }, index) => version !== before + 1 + index)) {
    problems.push(`it is torn apart: ${inWords(found)}`)
  }
  if (isIn && !holds(condition, stream.slice(0, before))) {
    problems.push(`it was placed after version ${before}, where its condition does not hold`)
  }
  const known = AppendCondition.knownVersion(condition)
  const told = streamAsTold(facts, attempt)
  const missedAt = (version: number) => known === undefined ? [] : told.slice(known, version)

  if (outcome._tag === "held") return problems.concat(judgeHeld(facts, attempt))
  if (outcome._tag === "taken") return problems.concat(judgeTaken(facts, attempt, outcome.reason))
  if (outcome._tag === "refused") {
    const { actual, missed } = outcome.error
    if (holds(condition, told.slice(0, actual)) || actual > told.length) {
      problems.push(`it was refused at version ${actual} for no reason`)
    }
    if (!isSame(missed, missedAt(actual))) {
      problems.push(
        `at version ${actual} it had missed ${inWords(missedAt(actual))}, and was told of ${inWords(missed)}`
      )
    }
    return problems.concat(judgeAsNew(facts, attempt), judgeTime(facts, attempt, actual))
  }
  if (outcome._tag !== "appended") return problems

  const { appended } = outcome
  const at = appended.version - events.length
  if (!isSame(appended.missed, missedAt(at))) {
    problems.push(
      `after version ${at} it had missed ${inWords(missedAt(at))}, and was told of ${inWords(appended.missed)}`
    )
  }
  if (appended.repeated) return problems.concat(judgeRepeated(facts, attempt, appended))
  if (attempt.eventIds !== undefined && !isSame(appended.events.map(({ id }) => id), attempt.eventIds)) {
    problems.push("its events were given other ids")
  }
  if (transaction === undefined || transaction.end === "committed") {
    if (!isSame(found, appended.events)) {
      problems.push(`it was acknowledged as ${inWords(appended.events)}, but there is ${inWords(found)}`)
    }
    if (appended.position !== (stream[appended.version - 1]?.position ?? 0)) {
      problems.push(`it was told of position ${appended.position} of version ${appended.version}`)
    }
  }
  if (!holds(condition, told.slice(0, at)) || at > told.length) {
    problems.push(`it was accepted at version ${at}, where its condition does not hold`)
  }
  return problems.concat(judgeTime(facts, attempt, at))
}

/** An append whose other parts were refused: there was a moment at which its own condition held. */
const judgeHeld = (facts: Facts, attempt: Attempt): ReadonlyArray<string> => {
  const told = streamAsTold(facts, attempt)
  const versions = [...told.keys(), told.length]
  return versions.some((version) =>
      holds(attempt.condition, told.slice(0, version)) && judgeTime(facts, attempt, version).length === 0
    )
    ? []
    : ["its condition did not hold, and it was not told so"]
}

/** A client is told of a version that was there after it had asked and before it was told. */
const judgeTime = (facts: Facts, attempt: Attempt, version: number): ReadonlyArray<string> => {
  const floor = facts.floor(attempt.stream, attempt.beganAt)
  if (version < floor) return [`it was told of version ${version} when the stream was at ${floor} already`]
  const prefix = facts.stream(attempt.stream).slice(0, version)
  return attempt.transaction === undefined && !facts.isPast(prefix, attempt.endedAt)
    ? [`it was told of version ${version} before that was appended`]
    : []
}

/** The rules of conditions once more, in the words of their documentation. */
const holds = ({ atLeast, atMost, since }: AppendCondition.AppendCondition, prefix: Events): boolean =>
  prefix.length >= atLeast && prefix.length <= atMost &&
  (since === undefined || prefix.slice(since.version).every(({ type }) => since.types.includes(type)))
