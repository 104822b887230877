import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { RetriesExhausted } from "../../Conflict.ts"
import type { EventSources } from "../../EventSource.ts"
import { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type * as Projection from "../../Projection.ts"
import type { PartitionsDiffer, ProjectionStore } from "../../ProjectionStore.ts"
import type { Effects, Handlers, Reactor } from "../../Reactor.ts"
import * as CatchingUp from "../projections/catchingUp.ts"
import * as Inbox from "./inbox.ts"
import * as Journal from "./journal.ts"
import * as Outbox from "./outbox.ts"
import * as Timers from "./timers.ts"
import { Waiting } from "./waiting.ts"

export type Options<Kinds extends Effects, E, R> = Omit<Projection.RunOptions, "onFailure" | "retry"> & {
  readonly effects: Handlers<Kinds, E, R>
  readonly until?: DateTime.Utc | undefined
}

/** Round after round of inputs, outputs and the timers that are due first, until one has led to nothing. */
export const catchUp = Effect.fnUntraced(function*<Sources extends EventSources, State, Kinds extends Effects, E, R>(
  reactor: Reactor<Sources, State, Kinds>,
  { effects, until, ...options }: Options<Kinds, E, R>
): Effect.fn.Return<void, E | RetriesExhausted | PartitionsDiffer | EventStoreError, R | EventStore | ProjectionStore> {
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
    // what is due first may change what is due later
    const due = waiting.take(now)
    for (const timer of due) yield* Timers.fire(journal, timer)
    // others may append all the time: only what is new in the journal has led to anything
    if (due.length === 0 && (after <= reached || (heard === 0 && !isFirst))) return
  }
})
