import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { Tagged } from "../Decider.ts"
import type { RecordedEvent } from "../RecordedEvent.ts"

/**
 * A state that was true at a version, and what is known to have come after it. Whoever holds a moment can walk forward to
 * the latest one; moments nobody holds are garbage.
 */
export interface Moment<State, Event extends Tagged> {
  readonly state: State
  readonly version: number
  readonly position: number
  next: Step<State, Event> | undefined
}

interface Step<State, Event extends Tagged> {
  readonly events: ReadonlyArray<RecordedEvent<Event>>
  readonly moment: Moment<State, Event>
}

/** What is known when a command arrives; filled in later for those who arrive before anything was loaded. */
export interface Arrival<State, Event extends Tagged> {
  moment: Moment<State, Event> | undefined
}

/** Where the commands on one stream line up, in the order in which they arrive. */
export interface Timeline<State, Event extends Tagged> {
  readonly line: Semaphore.Semaphore
  now: Arrival<State, Event>
}

const makeTimeline = <State, Event extends Tagged>(): Timeline<State, Event> => ({
  line: Semaphore.makeUnsafe(1),
  now: { moment: undefined }
})

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
}

/** The timelines of the streams that have commands under way, per store. */
export class Timelines<State, Event extends Tagged> {
  private readonly stores = new WeakMap<object, Map<string, { timeline: Timeline<State, Event>; users: number }>>()

  use<A, E, R>(
    store: object,
    stream: string,
    f: (timeline: Timeline<State, Event>) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        let entries = this.stores.get(store)
        if (entries === undefined) this.stores.set(store, entries = new Map())
        let entry = entries.get(stream)
        if (entry === undefined) entries.set(stream, entry = { timeline: makeTimeline(), users: 0 })
        entry.users++
        return { entries, entry }
      }),
      ({ entry }) => f(entry.timeline),
      ({ entries, entry }) =>
        Effect.sync(() => {
          if (--entry.users === 0) entries.delete(stream)
        })
    )
  }

  /** A timeline nobody else sees. */
  alone<A, E, R>(f: (timeline: Timeline<State, Event>) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => f(makeTimeline()))
  }
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

/** Hangs the events that followed on to a moment, and returns the moment after them. */
export const extend = <State, Event extends Tagged>(
  moment: Moment<State, Event>,
  events: ReadonlyArray<RecordedEvent<Event>>,
  evolve: (state: State, event: Event) => State
): Moment<State, Event> => {
  const last = events.at(-1)
  if (last === undefined) return moment
  let { state } = moment
  for (const { event } of events) state = evolve(state, event)
  const after: Moment<State, Event> = { state, version: last.version, position: last.position, next: undefined }
  moment.next = { events, moment: after }
  return after
}
