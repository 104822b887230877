import * as Effect from "effect/Effect"
import type { RetriesExhausted } from "../../Conflict.ts"
import type { Tagged } from "../../Decider.ts"
import type { EventSource, EventSources } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Partition, Projection } from "../../Projection.ts"
import type { Effects, Reactor } from "../../Reactor.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import { Tenant } from "../../StreamId.ts"
import * as Partitioning from "../partitioning.ts"
import type { Journal } from "./journal.ts"

/** How many processes of a batch are told at the same time. */
const concurrency = 16

/** Has every process react to its events, and to what its own journal says of timers and refused commands. */
export const make = <Sources extends EventSources, State, Kinds extends Effects>(
  reactor: Reactor<Sources, State, Kinds>,
  journal: Journal
): Projection<
  readonly [EventSource<Tagged>, ...ReadonlyArray<EventSource<Tagged>>],
  RetriesExhausted | EventStoreError,
  EventStore
> => ({
  name: reactor.name,
  version: 1,
  from: [journal, ...reactor.from],
  delivery: "at least once",
  partitionedBy: "key",
  handle: (events: ReadonlyArray<RecordedEvent<Tagged>>, { index, of }: Partition) => {
    const processes = new Map<
      string,
      { readonly tenant: string; readonly key: string; readonly events: Array<RecordedEvent<Tagged>> }
    >()
    for (const recorded of events) {
      const { category, id, tenant } = recorded.stream
      const key = category !== journal.category
        ? reactor.key(recorded as never)
        : recorded.event._tag === "Reacted"
        ? undefined
        : id
      if (key === undefined || Partitioning.of(key, of) !== index) continue
      const name = `${tenant}\0${key}`
      const process = processes.get(name)
      if (process === undefined) processes.set(name, { tenant, key, events: [recorded] })
      else process.events.push(recorded)
    }
    return Effect.forEach(
      processes.values(),
      ({ events, key, tenant }) =>
        Effect.forEach(events, (recorded) =>
          journal.execute(key, { _tag: "React", recorded }, {
            metadata: {
              causationId: recorded.id,
              correlationId: recorded.metadata.correlationId ?? recorded.id
            }
          }), { discard: true }).pipe(Effect.catchTag("Conflict", Effect.die), Effect.provideService(Tenant, tenant)),
      { concurrency, discard: true }
    )
  }
})
