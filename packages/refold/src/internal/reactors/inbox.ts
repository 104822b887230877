import * as Effect from "effect/Effect"
import type { Tagged } from "../../Decider.ts"
import type { EventSource, EventSources } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { Partition, Projection } from "../../Projection.ts"
import { ProjectionStore } from "../../ProjectionStore.ts"
import type { Effects } from "../../Reaction.ts"
import type { Reactor } from "../../Reactor.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import { Tenant } from "../../StreamId.ts"
import * as Answers from "../commands/answers.ts"
import * as Partitioning from "../partitioning.ts"
import * as Fencing from "../projections/fencing.ts"
import * as ViewHandler from "../projections/viewHandler.ts"
import type { Event, Journal } from "./journal.ts"
import { soonest, type Timetable } from "./timetable.ts"

/** How many processes of a batch are told at the same time. */
const concurrency = 16

/** The events of a batch that belong to one process. */
interface Share {
  readonly tenant: string
  readonly key: string
  readonly events: Array<RecordedEvent<Tagged>>
}

/**
 * Has every process react to its events, and to what its own journal says of timers and refused commands. As it goes along
 * the journal, it keeps the timetable.
 */
export const make = <Sources extends EventSources, State, Kinds extends Effects>(
  reactor: Reactor<Sources, State, Kinds>,
  journal: Journal,
  timetable: Timetable
): Projection<
  readonly [EventSource<Tagged>, ...ReadonlyArray<EventSource<Tagged>>],
  unknown,
  EventStore | ProjectionStore
> => {
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

  const keep = ViewHandler.make(timetable, soonest)

  /** In the transaction in which the inbox moves on: what is not in the rows then is after its position. */
  const keepTimetable = Effect.fnUntraced(function*(events: ReadonlyArray<RecordedEvent<Event>>, partition: Partition) {
    const store = yield* ProjectionStore
    const fence = yield* Fencing.Current
    yield* fence.leave(
      keep(events, partition).pipe(
        Effect.catchTags({ InvalidKey: Effect.die, UnreadableRow: Effect.die }),
        Effect.provideService(ProjectionStore, store)
      )
    )
  })

  return {
    name: reactor.name,
    version: 1,
    from: [journal, ...reactor.from],
    delivery: "at least once",
    partitionedBy: "key",
    batchSize: 1_000,
    handle: (events: ReadonlyArray<RecordedEvent<Tagged>>, partition: Partition) => {
      const { index, of } = partition
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
      const isWritten = (recorded: RecordedEvent<Tagged>): recorded is RecordedEvent<Event> =>
        recorded.stream.category === journal.category
      return Effect.andThen(
        Effect.forEach(
          shares.values(),
          (share) => Effect.provideService(Answers.untilAnswered(tell(share)), Tenant, share.tenant),
          { concurrency, discard: true }
        ),
        keepTimetable(events.filter(isWritten), partition)
      )
    }
  }
}
