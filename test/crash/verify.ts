/** Holds what is in the log against what the processes knew. */
import type { Tagged } from "refold/Decider"
import type { RecordedEvent } from "refold/RecordedEvent"
import { type Began, type Line, streamOf } from "./journal.ts"

type Events = ReadonlyArray<RecordedEvent<Tagged>>
type Ended = Extract<Line, { readonly _tag: "Acknowledged" | "Refused" | "Unknown" | "Failed" }>

interface Attempt {
  readonly began: Began
  readonly ended: Ended | undefined
}

const attemptOf = ({ metadata, stream }: RecordedEvent<Tagged>): string => {
  const attempt = metadata.custom?.["attempt"]
  return stream.id === "end" ? "end" : typeof attempt === "string" ? attempt : "none"
}

const groupBy = <A>(all: ReadonlyArray<A>, keyOf: (value: A) => string): ReadonlyMap<string, ReadonlyArray<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const value of all) {
    const group = groups.get(keyOf(value))
    if (group === undefined) groups.set(keyOf(value), [value])
    else group.push(value)
  }
  return groups
}

const attemptsOf = (lines: ReadonlyArray<Line>): ReadonlyMap<string, Attempt> => {
  const ends = new Map<string, Ended>()
  for (const line of lines) if ("attempt" in line && line._tag !== "Began") ends.set(line.attempt, line)
  return new Map(
    lines.flatMap((line) =>
      line._tag === "Began" ? [[line.attempt, { began: line, ended: ends.get(line.attempt) }] as const] : []
    )
  )
}

export const verify = (log: Events, lines: ReadonlyArray<Line>, saw: ReadonlyArray<Line>) => {
  const attempts = attemptsOf(lines)
  const streams = groupBy(log, streamOf)
  const found = groupBy(log, attemptOf)
  const problems = [
    ...orderProblems(log, streams, attempts),
    ...[...attempts.values()].flatMap((attempt) =>
      attemptProblems(attempt, streams.get(attempt.began.stream) ?? [], found.get(attempt.began.attempt) ?? [])
        .map((problem) => `attempt ${attempt.began.attempt} on ${attempt.began.stream} ${problem}`)
    ),
    ...lines.flatMap((line) => line._tag === "Failed" ? [`${line.attempt} failed: ${line.why}`] : []),
    ...readerProblems(log, saw)
  ]
  const count = (tag: Line["_tag"]) => lines.filter(({ _tag }) => _tag === tag).length
  const unknown = [...attempts.values()].filter(({ ended }) => ended === undefined || ended._tag === "Unknown")
  return {
    problems,
    figures: {
      appendsAcknowledged: count("Acknowledged"),
      appendsRefused: count("Refused"),
      appendsUnknown: unknown.length,
      unknownFoundIn: unknown.filter(({ began }) => found.has(began.attempt)).length,
      commands: count("Commanded"),
      events: log.length,
      streams: streams.size
    }
  }
}

/** Positions grow, versions are 1, 2, 3 …, and nothing comes after what was begun when it was acknowledged already. */
const orderProblems = (
  log: Events,
  streams: ReadonlyMap<string, Events>,
  attempts: ReadonlyMap<string, Attempt>
): ReadonlyArray<string> => {
  const problems: Array<string> = []
  let position = 0
  let began = 0
  for (const event of log) {
    if (event.position <= position) problems.push(`position ${event.position} comes after ${position}`)
    position = event.position
    const attempt = attempts.get(attemptOf(event))
    if (attempt === undefined) {
      if (event.stream.id !== "end") problems.push(`nobody has appended position ${position}`)
      continue
    }
    if (attempt.ended !== undefined && attempt.ended._tag === "Acknowledged" && attempt.ended.at < began) {
      problems.push(`position ${position} was acknowledged before something below it was begun`)
    }
    began = Math.max(began, attempt.began.at)
  }
  for (const [stream, events] of streams) {
    const wrong = events.findIndex(({ version }, index) => version !== index + 1)
    if (wrong >= 0) problems.push(`${stream} has no version ${wrong + 1}`)
  }
  return problems
}

/** An append is in or out, whole and once, as its process knew, and where its condition holds. */
const attemptProblems = ({ began, ended }: Attempt, stream: Events, found: Events): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const isOut = ended?._tag === "Refused" || ended?._tag === "Failed"
  if (isOut && found.length > 0) problems.push(`was refused, and is in`)
  const before = (found[0]?.version ?? 0) - 1
  if (found.length > 0) {
    const isWhole = found.length === began.events.length &&
      found.every(({ event, version }, index) => version === before + 1 + index && isSame(event, began.events[index]))
    if (!isWhole) problems.push(`began with ${began.events.length} events and is in with ${found.length}`)
    if (!holds(began, stream.slice(0, before))) {
      problems.push(`was placed after version ${before} against its condition`)
    }
  }
  const missedAt = (version: number) => {
    const known = began.since?.version ?? began.atMost
    return known === null ? [] : stream.slice(known, version).map(({ id }) => id)
  }
  if (ended?._tag === "Acknowledged") {
    const at = ended.version - began.events.length
    const last = found.at(-1)
    if (began.events.length > 0 && (last?.version !== ended.version || last.position !== ended.position)) {
      problems.push(`was acknowledged at version ${ended.version}, and is not there`)
    }
    if (at > stream.length || !holds(began, stream.slice(0, at))) problems.push(`was accepted at version ${at}`)
    if (!isSame(ended.missed, missedAt(at))) problems.push(`was told of other missed events than those before ${at}`)
  }
  if (ended?._tag === "Refused") {
    const { actual, missed } = ended
    if (actual > stream.length || holds(began, stream.slice(0, actual))) {
      problems.push(`was refused at version ${actual}`)
    }
    if (!isSame(missed, missedAt(actual))) problems.push(`was told of other missed events than those up to ${actual}`)
  }
  return problems
}

/** The subscriber has seen what is in the log, as it is. */
const readerProblems = (log: Events, saw: ReadonlyArray<Line>): ReadonlyArray<string> => {
  const wrong = Array.from({ length: Math.max(log.length, saw.length) }).findIndex((_, index) => {
    const event = log[index]
    const seen = saw[index]
    return event === undefined || seen?._tag !== "Saw" || seen.id !== event.id || seen.position !== event.position ||
      seen.version !== event.version || seen.stream !== streamOf(event)
  })
  return wrong < 0 ? [] : [
    `of ${log.length} events the subscriber saw ${saw.length}; number ${wrong + 1} is ` +
    `${JSON.stringify(log[wrong]?.position)} in the log, and it saw ${JSON.stringify(saw[wrong])}`
  ]
}

const holds = ({ atLeast, atMost, since }: Began, prefix: Events): boolean =>
  prefix.length >= atLeast && (atMost === null || prefix.length <= atMost) &&
  (since === null || prefix.slice(since.version).every(({ type }) => since.types.includes(type)))

const isSame = (one: unknown, other: unknown): boolean => text(one) === text(other)

const text = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => one < other ? -1 : 1))
      : part)
