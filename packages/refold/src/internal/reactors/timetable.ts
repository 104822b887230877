import * as Schema from "effect/Schema"
import * as View from "../../View.ts"
import { type Event, type Journal, timersAfter } from "./journal.ts"

/** A timer that is set, and where it comes from. */
const Timer = Schema.Struct({
  at: Schema.Int,
  /** The version of the journal with which it was set. */
  version: Schema.Int,
  causationId: Schema.String,
  correlationId: Schema.String
})
export type Timer = typeof Timer.Type

/** What a process waits for, by name. */
export type Timers = Readonly<Record<string, Timer>>

/** The timers that are set, as a view of the journal: a row for each process that waits for some. */
export type Timetable = ReturnType<typeof make>

/** The rows belong to the inbox of the reactor, which keeps them up to date. */
export const make = (journal: Journal) =>
  View.make(journal.category, {
    version: 1,
    from: [journal],
    state: Schema.Record(Schema.String, Timer),
    initial: {},
    key: ({ event, stream }) => concerns(event) ? stream.id : [],
    evolve: (timers, recorded) => {
      const { event, id: causationId, metadata: { correlationId = causationId }, version } = recorded
      const after = timersAfter(timers, event, (at) => ({ at, version, causationId, correlationId }))
      return Object.keys(after).length === 0 ? null : after
    }
  })

/** Most events have nothing to do with timers. */
const concerns = (event: Event): boolean =>
  event._tag === "TimerDue" ||
  (event._tag === "Reacted" && event.out.some(({ _tag }) => _tag === "Timer" || _tag === "CancelTimer"))

/** When the first of them is due. */
export const soonest = (timers: Timers): number => Math.min(...Object.values(timers).map(({ at }) => at))
