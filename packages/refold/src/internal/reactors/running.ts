import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { EventSources } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type * as Projection from "../../Projection.ts"
import type { PartitionsDiffer, ProjectionStore } from "../../ProjectionStore.ts"
import type { Effects, Handlers, Reactor } from "../../Reactor.ts"
import * as Worker from "../projections/worker.ts"
import * as Inbox from "./inbox.ts"
import * as Journal from "./journal.ts"
import * as Outbox from "./outbox.ts"
import * as Timers from "./timers.ts"

/** Three that work side by side: events are written down as inputs, outputs are done, and timers become inputs. */
export const run = <Sources extends EventSources, State, Kinds extends Effects, E, R>(
  reactor: Reactor<Sources, State, Kinds>,
  { effects, ...options }: Projection.RunOptions & { readonly effects: Handlers<Kinds, E, R> }
): Effect.Effect<never, PartitionsDiffer | EventStoreError, R | EventStore | ProjectionStore> =>
  Effect.suspend(() => {
    const journal = Journal.make(reactor)
    return Effect.raceAllFirst([
      Worker.run(Inbox.make(reactor, journal), options),
      Worker.run(Outbox.make(reactor, journal, effects), options),
      Timers.run(journal)
    ])
  })

export const layer = <E, R>(self: Effect.Effect<never, E, R>): Layer.Layer<never, never, R> =>
  Layer.effectDiscard(Effect.forkScoped(Effect.orDie(self)))
