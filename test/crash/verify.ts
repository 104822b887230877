/** Holds what is in the log against what the processes knew. */
import type { Tagged } from "refold/Decider"
import type { RecordedEvent } from "refold/RecordedEvent"
import { type Began, type Line, streamOf } from "./journal.ts"

type Events = ReadonlyArray<RecordedEvent<Tagged>>
type Ended = Extract<Line, { readonly _tag: "Acknowledged" | "Refused" | "Unavailable" | "Unknown" | "Failed" }>

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
  const byId = groupBy(log, ({ id }) => id)
  const problems = [
    ...orderProblems(log, streams, attempts),
    ...[...attempts.values()].flatMap((attempt) =>
      [
        ...attemptProblems(attempt, streams.get(attempt.began.stream) ?? [], found.get(attempt.began.attempt) ?? []),
        ...repetitionProblems(attempt, byId)
      ].map((problem) => `attempt ${attempt.began.attempt} on ${attempt.began.stream} ${problem}`)
    ),
    ...parcelProblems([...attempts.values()], byId, found),
    ...lines.flatMap((line) => line._tag === "Failed" ? [`${line.attempt} failed: ${line.why}`] : []),
    ...readerProblems(log, saw)
  ]
  const count = (tag: Line["_tag"]) => lines.filter(({ _tag }) => _tag === tag).length
  const unknown = [...attempts.values()].filter(({ ended }) => ended === undefined || ended._tag === "Unknown")
  const parcels = parcelsOf([...attempts.values()])
  return {
    problems,
    figures: {
      appendsAcknowledged: count("Acknowledged"),
      appendsRefused: count("Refused"),
      appendsUnknown: unknown.length,
      unknownFoundIn: unknown.filter(({ began }) => found.has(began.attempt)).length,
      appendsUnavailable: count("Unavailable"),
      appendsUnderIds: parcels.size,
      sentAgain: [...parcels.values()].reduce((sum, { length }) => sum + length - 1, 0),
      foundThereAlready: lines.filter((line) => line._tag === "Acknowledged" && line.repeated).length,
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
  const isOut = ended?._tag === "Refused" || ended?._tag === "Unavailable" || ended?._tag === "Failed"
  if (isOut && found.length > 0) problems.push(`ended as ${ended._tag}, and is in`)
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
    const isThere = last?.version === ended.version && last.position === ended.position
    if (!ended.repeated && began.events.length > 0 && !isThere) {
      problems.push(`was acknowledged at version ${ended.version}, and is not there`)
    }
    if (at > stream.length || (!ended.repeated && !holds(began, stream.slice(0, at)))) {
      problems.push(`was accepted at version ${at}`)
    }
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

type ById = ReadonlyMap<string, Events>

/** Who is told that something was there already is told where it is, as it was sent. */
const repetitionProblems = ({ began, ended }: Attempt, byId: ById): ReadonlyArray<string> => {
  if (ended?._tag !== "Acknowledged" || !ended.repeated) return []
  if (began.eventIds === null) return ["was taken for a repetition without ids"]
  const there = began.eventIds.flatMap((id) => byId.get(id) ?? [])
  const first = ended.version - began.events.length + 1
  const isThere = there.length === began.events.length && there.at(-1)?.position === ended.position &&
    there.every((event, index) =>
      event.version === first + index && streamOf(event) === began.stream && isSame(event.event, began.events[index])
    )
  return isThere ? [] : [`was said to be at version ${ended.version} already, where it is not`]
}

/** The attempts of what came with ids, by the first of these. */
const parcelsOf = (attempts: ReadonlyArray<Attempt>) =>
  groupBy(attempts.filter(({ began }) => began.eventIds !== null), ({ began }) => began.eventIds?.[0] ?? "")

/** What was sent under ids, however often, is in once and as a whole, or out; in the end somebody was told which. */
const parcelProblems = (attempts: ReadonlyArray<Attempt>, byId: ById, found: ById): ReadonlyArray<string> =>
  [...parcelsOf(attempts)].flatMap(([first, sent]) => {
    const ids = sent[0]?.began.eventIds ?? []
    const there = ids.flatMap((id) => byId.get(id) ?? [])
    const theirs = sent.flatMap(({ began }) => found.get(began.attempt) ?? [])
    const tags = sent.map(({ ended }) => ended?._tag)
    const name = `what was sent ${sent.length} times under ${first}`
    return [
      ...there.length === 0 || (there.length === ids.length && isSame(there, theirs))
        ? []
        : [`of ${name}, there are ${theirs.length} events, ${there.length} of them under the ids`],
      ...tags.includes("Acknowledged") || tags.includes("Refused") ? [] : [`${name} was never answered`],
      ...tags.includes("Refused") && there.length > 0 ? [`${name} was refused, and is in`] : []
    ]
  })

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
