import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { EventSources, LogBatch } from "../../EventSource.ts"
import type { EventOf } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { PartitionLost } from "../../ProjectionStore.ts"
import * as Failing from "./failing.ts"
import * as Handling from "./handling.ts"
import * as Parking from "./parking.ts"

/** How long a partition that has seen only what is not for it may be behind in what is stored. */
const idleMillis = 250

/**
 * Follows the log for one partition, from where it is, until it is interrupted, is stopped at an event that fails, or has
 * come to where a later version takes over.
 */
export const follow = Effect.fnUntraced(function*<Sources extends EventSources, E, R>(
  hold: Handling.Hold<Sources, E, R>,
  store: EventStore["Service"],
  options: { readonly policy: Failing.Policy | undefined; readonly batchSize: number }
): Effect.fn.Return<void, Handling.HandlerFailed<E> | PartitionLost | EventStoreError, R> {
  const { claim: { mayRetry, until }, partition, projection } = hold
  const { batchSize, policy } = options
  if (mayRetry) yield* Parking.retry(hold, store)

  const handle = (events: Handling.Events<Sources>) =>
    policy === undefined
      ? Effect.as(Handling.handle(hold, events), "went on" as const)
      : Failing.handle(hold, events, policy)
  let savedAt = -Infinity
  const take = Effect.fnUntraced(function*({ end, events }: LogBatch<EventOf<Sources>>) {
    for (const part of partsOf(events, hold.claim.gate)) {
      if ((yield* handle(part)) === "stopped") return "stopped"
    }
    if (end <= hold.position) return "went on"
    const now = yield* Clock.currentTimeMillis
    if (policy !== undefined && now < savedAt + idleMillis && end !== until) return "went on"
    savedAt = now
    yield* Failing.withPatience(Handling.commit(hold, { to: end }, Effect.void))
    return "went on"
  })

  for (;;) {
    const batches = store.batches(projection.from, {
      follow: true,
      after: hold.position,
      upTo: until,
      tenants: "all",
      partition: projection.partitionedBy === "stream" && partition.of > 1 ? partition : undefined,
      pageSize: batchSize
    })
    const outcome = yield* batches.pipe(
      Stream.mapEffect(take),
      Stream.takeUntil((outcome) => outcome === "stopped"),
      Stream.runDrain,
      Effect.as<Failing.Outcome>("stopped"),
      Effect.catchReason(
        "EventStoreError",
        "UnreadableEvent",
        (event, error) => policy === undefined ? Effect.fail(error) : Failing.unreadable(hold, event, policy)
      )
    )
    if (outcome === "stopped") return
  }
})

/** What came before the gate is not handled together with what came after. */
function* partsOf<Sources extends EventSources>(
  events: LogBatch<EventOf<Sources>>["events"],
  gate: number
): Iterable<Handling.Events<Sources>> {
  const later = events.findIndex(({ position }) => position > gate)
  const parts = later <= 0 ? [events] : [events.slice(0, later), events.slice(later)]
  for (const [first, ...others] of parts) if (first !== undefined) yield [first, ...others]
}
