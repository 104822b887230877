import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { EventSources } from "../../EventSource.ts"
import { EventStore } from "../../EventStore.ts"
import type { ProjectionStore } from "../../ProjectionStore.ts"
import type { CatchUpOptions, Effects, Handlers, Reactor, ServicesOf } from "../../Reactor.ts"
import * as CatchingUp from "../projections/catchingUp.ts"
import * as Inbox from "./inbox.ts"
import * as Journal from "./journal.ts"
import * as Outbox from "./outbox.ts"
import { type Due, Waiting } from "./waiting.ts"

/** Round after round of inputs, outputs and the timers that are due first, until one has led to nothing. */
export const catchUp = Effect.fnUntraced(
  function*<Sources extends EventSources, State, Kinds extends Effects, Own extends Handlers<Kinds>>(
    reactor: Reactor<Sources, State, Kinds>,
    { effects, until, ...options }: CatchUpOptions<Own>
  ): Effect.fn.Return<void, unknown, ServicesOf<Own> | EventStore | ProjectionStore> {
    const store = yield* EventStore
    const journal = Journal.make(reactor)
    const inbox = Inbox.make(reactor, journal)
    const outbox = Outbox.make(reactor, journal, effects)
    const now = until === undefined ? yield* Clock.currentTimeMillis : DateTime.toEpochMillis(until)
    const waiting = new Waiting()
    let after = 0
    for (let isFirst = true;; isFirst = false) {
      const reached = yield* CatchingUp.catchUp(inbox, options)
      yield* CatchingUp.catchUp(outbox, options)
      let heard = 0
      yield* Stream.runForEach(
        store.batches([journal], { follow: false, after, tenants: "all" }),
        ({ end, events }) =>
          Effect.sync(() => {
            waiting.hear(events)
            heard += events.length
            after = end
          })
      )
      const due = earliest(waiting.due(now))
      for (const timer of due) yield* waiting.fire(journal, timer)
      // others may append all the time: only what is new in the journal has led to anything
      if (due.length === 0 && (after <= reached || (heard === 0 && !isFirst))) return
    }
  }
)

/** What is due first may change what is due later. */
const earliest = (due: ReadonlyArray<Due>): ReadonlyArray<Due> => {
  const first = Math.min(...due.map(({ at }) => at))
  return due.filter(({ at }) => at === first)
}
