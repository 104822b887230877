import * as Effect from "effect/Effect"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Inbox } from "../../Inbox.ts"
import * as Projection from "../../Projection.ts"
import type { PartitionsDiffer, ProjectionStore } from "../../ProjectionStore.ts"
import * as Worker from "../projections/worker.ts"
import * as Handling from "./handling.ts"

/** Makes the partitions; the inner effect does what is accepted, and keeps the log up to date. */
export const start = Effect.fnUntraced(function*(
  inbox: Inbox,
  options: Projection.RunOptions = {}
): Effect.fn.Return<
  Effect.Effect<never, EventStoreError, EventStore | ProjectionStore>,
  PartitionsDiffer | EventStoreError,
  ProjectionStore
> {
  const handling = yield* Worker.start(Handling.projection(inbox), options)
  const log = yield* Worker.start(Projection.ofView(inbox.log), { ...options, onFailure: "stop" })
  return Effect.raceFirst(handling, log)
})
