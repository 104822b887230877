import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { EventSources } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { ProjectionStore } from "../../ProjectionStore.ts"
import type { Effects } from "../../Reaction.ts"
import type { CatchUpOptions, Handlers, Reactor, ServicesOf } from "../../Reactor.ts"
import * as CatchingUp from "../projections/catchingUp.ts"
import * as Inbox from "./inbox.ts"
import * as Journal from "./journal.ts"
import * as Outbox from "./outbox.ts"
import * as Pending from "./pending.ts"
import * as Timetable from "./timetable.ts"
import type { Due } from "./waiting.ts"

/** How many processes that wait are looked at in a round: only those that are due first are of interest. */
const limit = 100

/** Round after round of inputs, outputs and the timers that are due first, until one has led to nothing. */
export const catchUp = Effect.fnUntraced(
  function*<Sources extends EventSources, State, Kinds extends Effects, Own extends Handlers<Kinds>>(
    reactor: Reactor<Sources, State, Kinds>,
    { effects, until, ...options }: CatchUpOptions<Own> = {}
  ): Effect.fn.Return<void, unknown, ServicesOf<Own> | EventStore | ProjectionStore> {
    const journal = Journal.make(reactor)
    const timetable = Timetable.make(journal)
    const inbox = Inbox.make(reactor, journal, timetable)
    const outbox = Outbox.make(reactor, journal, effects)
    const by = until === undefined ? yield* Clock.currentTimeMillis : DateTime.toEpochMillis(until)
    let heard: number | undefined
    for (;;) {
      const reached = yield* CatchingUp.catchUp(inbox, options)
      yield* CatchingUp.catchUp(outbox, options)
      const { end, isWhole, last, waiting } = yield* Pending.load(journal, timetable, { by, limit, after: heard })
      const due = earliest(waiting.due(by))
      for (const timer of due) yield* waiting.fire(journal, timer)
      // others may append all the time: only what is new in the journal has led to anything
      const isSettled = end <= reached || (heard !== undefined && last <= heard)
      if (due.length === 0 && isSettled && isWhole) return
      heard = end
    }
  }
)

/** What is due first may change what is due later. */
const earliest = (due: ReadonlyArray<Due>): ReadonlyArray<Due> => {
  const first = Math.min(...due.map(({ at }) => at))
  return due.filter(({ at }) => at === first)
}
