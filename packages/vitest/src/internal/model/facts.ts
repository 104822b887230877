import type { Tagged } from "refold/Decider"
import type { RecordedEvent } from "refold/RecordedEvent"
import { type Attempt, type History, keyOfEvent, labelOf, type Recorded } from "./history.ts"

/** What follows from a history about single attempts and streams, for those who judge it. */
export interface Facts {
  readonly history: History
  /** The events of a stream in the end. */
  readonly stream: (key: string) => ReadonlyArray<Recorded>
  /** The attempt that appended an event. */
  readonly attemptOf: (event: Recorded) => Attempt | undefined
  /** The event in the log with this id. */
  readonly byId: (id: string) => Recorded | undefined
  /** The events in the log that an attempt has appended. */
  readonly found: (attempt: Attempt) => ReadonlyArray<Recorded>
  /** When the client was told that the events of an attempt are in the store, if they are. */
  readonly acknowledgedAt: (attempt: Attempt) => number
  /** A version that somebody had been told of before this instant, so that nobody may be told of less after it. */
  readonly floor: (key: string, instant: number) => number
  /** Whether all of these events were on their way before this instant. */
  readonly isPast: (events: ReadonlyArray<Recorded>, instant: number) => boolean
}

export const gather = (history: History): Facts => {
  const attemptOf = (event: Recorded) => {
    const first = history.attempts[labelOf(event)]
    return first?.together.find(({ stream }) => stream === keyOfEvent(event)) ?? first
  }
  const found = new Map<Attempt | undefined, Array<Recorded>>()
  for (const event of history.log) {
    const attempt = attemptOf(event)
    found.set(attempt, [...found.get(attempt) ?? [], event])
  }
  const byId = new Map(history.log.map((event) => [event.id, event]))
  const stream = (key: string) => history.streams.get(key)?.events ?? []
  const heard = [
    ...history.attempts.flatMap((attempt) => {
      const { outcome, transaction } = attempt
      if (outcome._tag === "appended") {
        return [{ key: attempt.stream, version: outcome.appended.version, at: acknowledgedAt(attempt) }]
      }
      if (transaction !== undefined) return []
      if (outcome._tag === "refused") {
        return [{ key: attempt.stream, version: outcome.error.actual, at: attempt.endedAt }]
      }
      // an interruption is over when it is settled what has happened
      const last = outcome._tag === "interrupted" ? found.get(attempt)?.at(-1) : undefined
      return last === undefined ? [] : [{ key: attempt.stream, version: last.version, at: attempt.endedAt }]
    }),
    ...history.readings.flatMap(({ endedAt, events, of }) => {
      const last = events.at(-1)
      return typeof of === "string" && last !== undefined ? [{ key: of, version: last.version, at: endedAt }] : []
    })
  ]
  return {
    history,
    stream,
    attemptOf,
    byId: (id) => byId.get(id),
    found: (attempt) => found.get(attempt) ?? [],
    acknowledgedAt,
    floor: (key, instant) =>
      heard.reduce(
        (floor, heard) => heard.key === key && heard.at < instant ? Math.max(floor, heard.version) : floor,
        0
      ),
    isPast: (events, instant) => events.every((event) => (attemptOf(event)?.beganAt ?? Infinity) < instant)
  }
}

const acknowledgedAt = ({ endedAt, outcome, transaction }: Attempt): number => {
  if (outcome._tag !== "appended") return Infinity
  return transaction === undefined ? endedAt : transaction.end === "committed" ? transaction.endedAt : Infinity
}

/** Writes a value so that equal values are equal text. */
const text = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => one < other ? -1 : 1))
      : part)

export const isSame = (one: unknown, other: unknown): boolean => text(one) === text(other)

/** The name of a stream without what only makes it unique. */
export const nameOf = (key: string): string => key.replace(/Model-[^/]*-/, "")

/** What the events are, and where. */
export const inWords = (events: ReadonlyArray<RecordedEvent<Tagged>>): string =>
  events.length === 0
    ? "nothing"
    : events.map((event) =>
      `${event.event._tag} (${nameOf(keyOfEvent(event))} version ${event.version}, position ${event.position}, ` +
      `attempt ${labelOf(event)})`
    ).join(", ")
