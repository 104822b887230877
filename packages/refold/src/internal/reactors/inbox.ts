import * as Effect from "effect/Effect"
import type { Tagged } from "../../Decider.ts"
import type { EventSource, EventSources } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { Partition, Projection } from "../../Projection.ts"
import type { Effects, Reactor } from "../../Reactor.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import { Tenant } from "../../StreamId.ts"
import * as Answers from "../commands/answers.ts"
import * as Partitioning from "../partitioning.ts"
import type { Journal } from "./journal.ts"

/** How many processes of a batch are told at the same time. */
const concurrency = 16

/** The events of a batch that belong to one process. */
interface Share {
  readonly tenant: string
  readonly key: string
  readonly events: Array<RecordedEvent<Tagged>>
}

/** Has every process react to its events, and to what its own journal says of timers and refused commands. */
export const make = <Sources extends EventSources, State, Kinds extends Effects>(
  reactor: Reactor<Sources, State, Kinds>,
  journal: Journal
): Projection<readonly [EventSource<Tagged>, ...ReadonlyArray<EventSource<Tagged>>], unknown, EventStore> => {
  const keyOf = (recorded: RecordedEvent<Tagged>): string | undefined =>
    recorded.stream.category !== journal.category
      ? reactor.key(recorded as never)
      : recorded.event._tag === "Reacted"
      ? undefined
      : recorded.stream.id

  const tell = ({ events, key }: Share) =>
    Effect.forEach(events, (recorded) =>
      journal.execute(key, { _tag: "React", recorded }, {
        metadata: { causationId: recorded.id, correlationId: recorded.metadata.correlationId ?? recorded.id }
      }), { discard: true })

  return {
    name: reactor.name,
    version: 1,
    from: [journal, ...reactor.from],
    delivery: "at least once",
    partitionedBy: "key",
    batchSize: 1_000,
    handle: (events: ReadonlyArray<RecordedEvent<Tagged>>, { index, of }: Partition) => {
      const shares = new Map<string, Share>()
      for (const recorded of events) {
        const { tenant } = recorded.stream
        const key = keyOf(recorded)
        if (key === undefined || Partitioning.of(key, of) !== index) continue
        const name = `${tenant}\0${key}`
        const share = shares.get(name)
        if (share === undefined) shares.set(name, { tenant, key, events: [recorded] })
        else share.events.push(recorded)
      }
      return Effect.forEach(
        shares.values(),
        (share) => Effect.provideService(Answers.untilAnswered(tell(share)), Tenant, share.tenant),
        { concurrency, discard: true }
      )
    }
  }
}
