import * as Effect from "effect/Effect"
import type { EventSources } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { PartitionsDiffer, ProjectionStore } from "../../ProjectionStore.ts"
import type { Effects } from "../../Reaction.ts"
import type { Handlers, Reactor, RunOptions, ServicesOf } from "../../Reactor.ts"
import * as Worker from "../projections/worker.ts"
import * as Inbox from "./inbox.ts"
import * as Journal from "./journal.ts"
import * as Outbox from "./outbox.ts"
import * as Timers from "./timers.ts"
import * as Timetable from "./timetable.ts"

/**
 * Makes the partitions; the inner effect runs three that work side by side: events are written down as inputs, outputs are
 * done, and timers become inputs.
 */
export const start = Effect.fnUntraced(
  function*<Sources extends EventSources, State, Kinds extends Effects, Own extends Handlers<Kinds>>(
    reactor: Reactor<Sources, State, Kinds>,
    { effects, onFailure = "park", ...options }: RunOptions<Own> = {}
  ): Effect.fn.Return<
    Effect.Effect<never, EventStoreError, ServicesOf<Own> | EventStore | ProjectionStore>,
    PartitionsDiffer | EventStoreError,
    ProjectionStore
  > {
    const journal = Journal.make(reactor)
    const timetable = Timetable.make(journal)
    const inbox = yield* Worker.start(Inbox.make(reactor, journal, timetable), options)
    const outbox = yield* Worker.start(Outbox.make(reactor, journal, effects), { ...options, onFailure })
    return Effect.raceAllFirst([inbox, outbox, Timers.run(journal, timetable)])
  }
)
