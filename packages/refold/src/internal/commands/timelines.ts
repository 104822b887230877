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
  /** Whether the events were appended by this line, and not only seen by it. */
  readonly ours: boolean
}

/** The events that were passed on the way from one moment to a later one. */
export interface Walk<State, Event extends Tagged> {
  readonly events: ReadonlyArray<RecordedEvent<Event>>
  readonly moment: Moment<State, Event>
  /** What ended it: an event of this line, or the end of what is known. */
  readonly metOurs: boolean
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
}

export const makeTimeline = <State, Event extends Tagged>(
  remembered?: Moment<State, Event>
): Timeline<State, Event> => ({ now: { moment: undefined }, remembered, saved: 0 })

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

/** Makes this the latest moment, unless a later one is known. */
export const moveTo = <State, Event extends Tagged>(
  timeline: Timeline<State, Event>,
  moment: Moment<State, Event>
): void => {
  if (timeline.now.moment === undefined) timeline.now.moment = moment
  else if (timeline.now.moment.version < moment.version) timeline.now = { moment }
}

/** Trusts nothing that was known of the stream. */
export const forget = <State, Event extends Tagged>(timeline: Timeline<State, Event>): void => {
  timeline.now = { moment: undefined }
  timeline.remembered = undefined
  timeline.saved = 0
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
  until: (step: Step<State, Event>) => boolean = () => false
): Walk<State, Event> => {
  const events: Array<RecordedEvent<Event>> = []
  let moment = from
  for (; moment.next !== undefined; moment = moment.next.moment) {
    if (until(moment.next)) return { events, moment, metOurs: true }
    for (const event of moment.next.events) events.push(event)
  }
  return { events, moment, metOurs: false }
}

/** What came after a moment from elsewhere, before this line appended anything. */
export const walkElsewhere = <State, Event extends Tagged>(from: Moment<State, Event>): Walk<State, Event> =>
  walk(from, ({ ours }) => ours)

/** Hangs the events that followed on to a moment, and returns the moment after them. */
export const extend = <State, Event extends Tagged>(
  moment: Moment<State, Event>,
  { events, evolve, ours }: {
    readonly events: ReadonlyArray<RecordedEvent<Event>>
    readonly evolve: (state: State, event: Event) => State
    readonly ours: boolean
  }
): Moment<State, Event> => {
  if (events.length === 0) return moment
  const next = advance(moment, events, evolve)
  moment.next = { events, moment: next, ours }
  return next
}

/**
 * Ties a moment that was read from the store to the timeline, so that walks from it and to it pass over what is known.
 * `events` are those after the moment or after the latest one, whichever is earlier.
 */
export const attach = <State, Event extends Tagged>(
  timeline: Timeline<State, Event>,
  moment: Moment<State, Event>,
  { arrivedAt, events, evolve }: {
    readonly arrivedAt: Moment<State, Event> | undefined
    readonly events: ReadonlyArray<RecordedEvent<Event>>
    readonly evolve: (state: State, event: Event) => State
  }
): void => {
  const latest = timeline.now.moment
  const after = (version: number, upTo = Infinity) =>
    events.filter((event) => event.version > version && event.version <= upTo)
  if (latest === undefined || latest.version <= moment.version) {
    if (latest !== undefined && latest.version < moment.version) {
      latest.next = { events: after(latest.version, moment.version), moment, ours: false }
    }
    moveTo(timeline, extend(moment, { events: after(moment.version), evolve, ours: false }))
    return
  }
  // those ahead in line may have landed since the command arrived: a stop before them
  const elsewhere = arrivedAt === undefined ? undefined : walkElsewhere(arrivedAt)
  const metOurs = elsewhere?.metOurs === true
  const stop = metOurs ? elsewhere.moment.version : moment.version
  const arrival = extend(moment, { events: after(moment.version, stop), evolve, ours: false })
  arrival.next = { events: after(arrival.version, latest.version), moment: latest, ours: metOurs }
  moveTo(timeline, extend(latest, { events: after(latest.version), evolve, ours: false }))
}
