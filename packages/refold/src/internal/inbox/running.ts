import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Inbox, RunOptions } from "../../Inbox.ts"
import type { PartitionsDiffer, ProjectionStore } from "../../ProjectionStore.ts"
import * as Worker from "../projections/worker.ts"
import * as Handling from "./handling.ts"
import * as Retaining from "./retaining.ts"

/** Makes the partitions; the inner effect does what is accepted, keeps the log up to date, and removes what is too old. */
export const start = Effect.fnUntraced(function*(
  inbox: Inbox,
  { retention, ...options }: RunOptions = {}
): Effect.fn.Return<
  Effect.Effect<never, EventStoreError, EventStore | ProjectionStore>,
  PartitionsDiffer | EventStoreError,
  ProjectionStore
> {
  const handling = yield* Worker.start(Handling.projection(inbox), options)
  const log = yield* Worker.start(inbox.log, { ...options, onFailure: "stop" })
  const retaining = retention === undefined ? Effect.never : Retaining.run(inbox, Duration.toMillis(retention))
  return Effect.raceAllFirst([handling, log, retaining])
})
