import * as AppendCondition from "refold/AppendCondition"
import type { Tagged } from "refold/Decider"
import type { RecordedEvent } from "refold/RecordedEvent"
import { type Facts, inWords, isSame, nameOf } from "./facts.ts"
import type { Attempt, Transaction } from "./history.ts"

type Events = ReadonlyArray<RecordedEvent<Tagged>>

/** Every append is in or out as its client was told, whole, and where its condition holds; and so are refusals. */
export const judgeAppends = (facts: Facts): ReadonlyArray<string> => [
  ...facts.history.attempts.flatMap((attempt) =>
    judge(facts, attempt).map((problem) =>
      `attempt ${attempt.id} to append ${attempt.events.map(({ _tag }) => _tag).join(", ") || "nothing"} to ` +
      `${nameOf(attempt.stream)} on ${AppendCondition.format(attempt.condition)}: ${problem}`
    )
  ),
  ...judgeTransactions(facts)
]

const judge = (facts: Facts, attempt: Attempt): ReadonlyArray<string> => {
  const { condition, events, outcome, transaction } = attempt
  const found = facts.found(attempt)
  const isIn = found.length > 0
  const before = (found[0]?.version ?? 0) - 1
  const stream = facts.stream(attempt.stream)

  const problems: Array<string> = []
  const isOut = outcome._tag === "refused" || transaction?.end === "rolled back"
  if (isOut && isIn) problems.push(`it was ${transaction?.end ?? "refused"}, but there is ${inWords(found)}`)
  if (isIn && !isSame(found.map(({ event }) => event), events)) problems.push(`of it there is ${inWords(found)}`)
  if (isIn && found.some(({ version }, index) => version !== before + 1 + index)) {
    problems.push(`it is torn apart: ${inWords(found)}`)
  }
  if (isIn && !holds(condition, stream.slice(0, before))) {
    problems.push(`it was placed after version ${before}, where its condition does not hold`)
  }
  if (outcome._tag === "unknown") return problems

  // what a transaction that was rolled back was told of is true of the stream as it was inside of it
  const undone = transaction !== undefined && transaction.end !== "committed" && !isIn && events.length > 0
  const told = undone || transaction?.end === "rolled back" ? insideOf(facts, transaction, attempt.stream) : stream
  const missedAt = (version: number) => {
    const known = AppendCondition.knownVersion(condition)
    return known === undefined ? [] : told.slice(known, version)
  }

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
    return problems.concat(judgeTime(facts, attempt, actual))
  }

  const { appended } = outcome
  const at = appended.version - events.length
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
  if (!isSame(appended.missed, missedAt(at))) {
    problems.push(
      `after version ${at} it had missed ${inWords(missedAt(at))}, and was told of ${inWords(appended.missed)}`
    )
  }
  return problems.concat(judgeTime(facts, attempt, at))
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

/** A stream as it was at the end of a transaction that left nothing behind. */
const insideOf = ({ history, stream }: Facts, transaction: Transaction, key: string): Events => {
  const appended = history.attempts.flatMap((attempt) =>
    attempt.transaction === transaction && attempt.stream === key && attempt.outcome._tag === "appended"
      ? attempt.outcome.appended.events
      : []
  )
  const [first] = appended
  return first === undefined ? stream(key) : [...stream(key).slice(0, first.version - 1), ...appended]
}

/** A transaction that may or may not have been committed is in with all that it appended, or with nothing. */
const judgeTransactions = ({ found, history }: Facts): ReadonlyArray<string> =>
  [...new Set(history.attempts.flatMap(({ transaction }) => transaction ?? []))].flatMap((transaction) => {
    const parts = history.attempts.filter((attempt) =>
      attempt.transaction === transaction && attempt.outcome._tag === "appended" && attempt.events.length > 0
    )
    const isIn = parts.filter((attempt) => found(attempt).length > 0)
    return isIn.length === 0 || isIn.length === parts.length
      ? []
      : [`of a transaction there is only what the attempts ${isIn.map(({ id }) => id).join(", ")} have appended`]
  })

/** The rules of conditions once more, in the words of their documentation. */
const holds = ({ atLeast, atMost, since }: AppendCondition.AppendCondition, prefix: Events): boolean =>
  prefix.length >= atLeast && prefix.length <= atMost &&
  (since === undefined || prefix.slice(since.version).every(({ type }) => since.types.includes(type)))
