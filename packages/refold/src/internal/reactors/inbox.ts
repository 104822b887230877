import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Tagged } from "../../Decider.ts"
import type { EventSource, EventSources } from "../../EventSource.ts"
import { EventStore } from "../../EventStore.ts"
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

  /** What has reacted already: asked only where a process has come further than an event it is told of. */
  const inputsOf = (key: string) =>
    Effect.flatMap(EventStore, (store) =>
      Stream.runFold(
        store.read(journal, key),
        () => new Set<string>(),
        (inputs, { event }) => event._tag === "Reacted" ? inputs.add(event.input) : inputs
      ))

  const tell = Effect.fnUntraced(function*({ events, key }: Share) {
    let known: Set<string> | undefined
    for (const recorded of events) {
      const metadata = { causationId: recorded.id, correlationId: recorded.metadata.correlationId ?? recorded.id }
      const inTurn = yield* journal.execute(key, { _tag: "React", recorded, isLate: false }, { metadata })
      if (inTurn.events.length > 0) continue
      // it has been told before, unless the event was set aside and comes after later ones now
      known ??= yield* inputsOf(key)
      if (known.has(recorded.id)) continue
      yield* journal.execute(key, { _tag: "React", recorded, isLate: true }, { metadata, commandId: recorded.id })
    }
  })

  return {
    name: reactor.name,
    version: 1,
    from: [journal, ...reactor.from],
    delivery: "at least once",
    partitionedBy: "key",
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
