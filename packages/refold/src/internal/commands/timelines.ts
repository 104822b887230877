import * as DateTime from "effect/DateTime"
import type { Tagged } from "../../Decider.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"

/*
 * What the process learns of a stream is a chain of moments, each a state at a version, linked by the events between them.
 * A command takes hold of the latest moment when it arrives: that is what it knows. When its turn comes, others have made
 * the chain longer, and what lies ahead of its moment is what it missed.
 */

/**
 * A state that was true at a version, and what is known to have come after it. Whoever holds a moment can walk forward to
 * the latest one; moments nobody holds are garbage.
 */
export interface Moment<State, Event extends Tagged> {
  readonly state: State
  readonly version: number
  readonly position: number
  /** When the latest of the events up to here was recorded, in milliseconds since 1970. */
  readonly instant: number
  next: Step<State, Event> | undefined
}

interface Step<State, Event extends Tagged> {
  readonly events: ReadonlyArray<RecordedEvent<Event>>
  readonly moment: Moment<State, Event>
  /** The number of the append by which this line has put the events there; none if it has only seen them. */
  readonly sent: number | undefined
}

/** The events that were passed on the way from one moment to a later one. */
export interface Walk<State, Event extends Tagged> {
  readonly events: ReadonlyArray<RecordedEvent<Event>>
  readonly moment: Moment<State, Event>
  /** The append of this line that ended it; none if it went to the end of what is known. */
  readonly met: number | undefined
}

/** What is known when a command arrives; filled in later for those who arrive before the store was asked. */
export interface Arrival<State, Event extends Tagged> {
  moment: Moment<State, Event> | undefined
}

/** What is known of one stream. */
export interface Timeline<State, Event extends Tagged> {
  now: Arrival<State, Event>
  /**
   * The latest moment of an earlier time. Other processes may have moved the stream on since; the first command to reach
   * the store finds out, and until then nobody can be said to know more.
   */
  remembered: Moment<State, Event> | undefined
  /** The version of the latest snapshot that is known of; 0 if none is. */
  saved: number
  /** How often the store was asked, be it to read or to append. */
  asked: number
  /** The latest of these that was answered: what is known is all that was there when it was asked. */
  answered: number
}

export const makeTimeline = <State, Event extends Tagged>(
  remembered?: Moment<State, Event>
): Timeline<State, Event> => ({ now: { moment: undefined }, remembered, saved: 0, asked: 0, answered: 0 })

/** Before the first event. */
export const beginning = <State, Event extends Tagged>(initial: State): Moment<State, Event> => ({
  state: initial,
  version: 0,
  position: 0,
  instant: -Infinity,
  next: undefined
})

/** The moment after these events, with nothing tied to it. */
export const advance = <State, Event extends Tagged>(
  moment: Moment<State, Event>,
  events: ReadonlyArray<RecordedEvent<Event>>,
  evolve: (state: State, event: Event) => State
): Moment<State, Event> => {
  let { instant, position, state, version } = moment
  for (const recorded of events) {
    state = evolve(state, recorded.event)
    instant = Math.max(instant, DateTime.toEpochMillis(recorded.recordedAt))
    position = recorded.position
    version = recorded.version
  }
  return { state, version, position, instant, next: undefined }
}

/** Whether what is known may be less than what was there when the store had been asked so many times. */
export const mayBeBehind = <State, Event extends Tagged>(
  { answered }: Timeline<State, Event>,
  asked: number
): boolean => answered <= asked

/** Counts a question to the store. */
export const ask = <State, Event extends Tagged>(timeline: Timeline<State, Event>): number => ++timeline.asked

/** What the store has answered to this question is part of what is known. */
export const hear = <State, Event extends Tagged>(timeline: Timeline<State, Event>, asked: number): void => {
  timeline.answered = Math.max(timeline.answered, asked)
}

/** Makes this the latest moment, unless a later one is known. */
export const moveTo = <State, Event extends Tagged>(
  timeline: Timeline<State, Event>,
  moment: Moment<State, Event>
): void => {
  if (timeline.now.moment === undefined) timeline.now.moment = moment
  else if (timeline.now.moment.version < moment.version) timeline.now = { moment }
}

/** Trusts nothing that was known of the stream, nor what was tied to this moment. */
export const forget = <State, Event extends Tagged>(
  timeline: Timeline<State, Event>,
  moment?: Moment<State, Event>
): void => {
  if (moment !== undefined) moment.next = undefined
  timeline.now = { moment: undefined }
  timeline.remembered = undefined
  timeline.saved = 0
  timeline.answered = 0
}

/** Keeps the latest moment for later, without what led to it. */
export const settleDown = <State, Event extends Tagged>(timeline: Timeline<State, Event>): void => {
  const latest = timeline.now.moment
  if (latest !== undefined) timeline.remembered = { ...latest, next: undefined }
  timeline.now = { moment: undefined }
}

/** Keeps a moment that was read while nothing is under way. */
export const remember = <State, Event extends Tagged>(
  timeline: Timeline<State, Event>,
  moment: Moment<State, Event>,
  saved: number
): void => {
  if (timeline.remembered === undefined || timeline.remembered.version < moment.version) timeline.remembered = moment
  timeline.saved = Math.max(timeline.saved, saved)
}

/** The moment at this version, if the walk from here passes it. */
export const find = <State, Event extends Tagged>(
  from: Moment<State, Event> | undefined,
  version: number
): Moment<State, Event> | undefined => {
  let moment = from
  while (moment !== undefined && moment.version < version) moment = moment.next?.moment
  return moment?.version === version ? moment : undefined
}

/** All that is known to have come after a moment. */
export const walk = <State, Event extends Tagged>(
  from: Moment<State, Event>,
  sentAfter = Infinity
): Walk<State, Event> => {
  const events: Array<RecordedEvent<Event>> = []
  let moment = from
  for (; moment.next !== undefined; moment = moment.next.moment) {
    const { sent } = moment.next
    if (sent !== undefined && sent > sentAfter) return { events, moment, met: sent }
    for (const event of moment.next.events) events.push(event)
  }
  return { events, moment, met: undefined }
}

/**
 * What was there, for all we know, when the store had been asked so many times: what came from elsewhere after that, too,
 * but nothing from this line. What it had sent by then may have landed by then, though the answer came later.
 */
export const walkToArrival = <State, Event extends Tagged>(
  from: Moment<State, Event>,
  asked: number
): Walk<State, Event> => walk(from, asked)

/** Hangs the events that followed on to a moment, and returns the moment after them. */
export const extend = <State, Event extends Tagged>(
  moment: Moment<State, Event>,
  { events, evolve, sent }: {
    readonly events: ReadonlyArray<RecordedEvent<Event>>
    readonly evolve: (state: State, event: Event) => State
    readonly sent?: number | undefined
  }
): Moment<State, Event> => {
  if (events.length === 0) return moment
  const next = advance(moment, events, evolve)
  moment.next = { events, moment: next, sent }
  return next
}

/**
 * Ties a moment that was read from the store to the timeline, so that walks from it and to it pass over what is known.
 * `events` are those after the moment or after the latest one, whichever is earlier.
 */
export const attach = <State, Event extends Tagged>(
  timeline: Timeline<State, Event>,
  moment: Moment<State, Event>,
  { arrivedAt, asked, events, evolve }: {
    readonly arrivedAt: Moment<State, Event> | undefined
    readonly asked: number
    readonly events: ReadonlyArray<RecordedEvent<Event>>
    readonly evolve: (state: State, event: Event) => State
  }
): void => {
  const latest = timeline.now.moment
  const after = (version: number, upTo = Infinity) =>
    events.filter((event) => event.version > version && event.version <= upTo)
  if (latest === undefined || latest.version <= moment.version) {
    if (latest !== undefined && latest.version < moment.version) {
      latest.next = { events: after(latest.version, moment.version), moment, sent: undefined }
    }
    moveTo(timeline, extend(moment, { events: after(moment.version), evolve }))
    return
  }
  // those ahead in line may have landed since the command arrived: a stop before them
  const elsewhere = arrivedAt === undefined ? undefined : walkToArrival(arrivedAt, asked)
  const stop = elsewhere?.met === undefined ? moment.version : elsewhere.moment.version
  const arrival = extend(moment, { events: after(moment.version, stop), evolve })
  arrival.next = { events: after(arrival.version, latest.version), moment: latest, sent: elsewhere?.met }
  moveTo(timeline, extend(latest, { events: after(latest.version), evolve }))
}
