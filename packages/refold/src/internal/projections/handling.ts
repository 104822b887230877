import { isReadonlyArrayNonEmpty, type NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { EventOf, EventSources } from "../../EventSource.ts"
import type { EventStoreError, UnreadableEvent } from "../../EventStoreError.ts"
import type { Partition, Projection } from "../../Projection.ts"
import type { Claim, ParkedEvent, PartitionId, PartitionLost, ProjectionStore } from "../../ProjectionStore.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import type { StreamId } from "../../StreamId.ts"
import * as Fencing from "./fencing.ts"

/** Whether an earlier version of the projection has handled what is being handled. */
export const IsReplay = Context.Reference<boolean>("refold/Projection/IsReplay", { defaultValue: () => false })

/** What a handler ended with, to be told apart from what the store ended with. */
export class HandlerFailed<E> extends Data.TaggedError("HandlerFailed")<{ readonly cause: Cause.Cause<E> }> {}

/** One partition of a projection, in the hands of one worker. */
export interface Hold<Sources extends EventSources, E, R> {
  readonly projection: Projection<Sources, E, R>
  readonly store: ProjectionStore["Service"]
  readonly partition: Partition
  readonly claim: Claim
  /** The position that is stored. */
  position: number
  /** Streams whose events wait behind one that failed. */
  readonly parkedStreams: Set<string>
  /** For how long an interruption waits for the batch in hand, in milliseconds. */
  readonly patience: number
}

export type Events<Sources extends EventSources> = NonEmptyReadonlyArray<RecordedEvent<EventOf<Sources>>>

export const idOf = <Sources extends EventSources, E, R>(
  { partition, projection: { name, version } }: Hold<Sources, E, R>
): PartitionId => ({ name, version, partition: partition.index })

export const nameOf = ({ category, id, tenant }: StreamId): string => `${tenant}\0${category}\0${id}`

/** Does this and moves on, both or neither; an interruption waits for it, though not for ever. */
export const commit = <Sources extends EventSources, E, R, E2 = never, R2 = never>(
  hold: Hold<Sources, E, R>,
  { to = hold.position, events = 0 }: { readonly to?: number | undefined; readonly events?: number | undefined },
  work: Effect.Effect<void, E2, R2>
): Effect.Effect<void, E2 | PartitionLost | EventStoreError, R2> =>
  Effect.suspend(() => {
    const move = { token: hold.claim.token, from: hold.position, to, events }
    return toTheEnd(
      Effect.tap(hold.store.commit(idOf(hold), move)(work), () =>
        Effect.sync(() => {
          hold.position = to
        })),
      hold.patience
    )
  })

/** Whether another version has done with an event what cannot be undone. */
const isReplay = <Sources extends EventSources, E, R>(
  { claim: { gates }, store }: Hold<Sources, E, R>,
  { position, stream }: RecordedEvent<unknown>
): boolean => position <= (gates[gates.length > 1 ? store.partitionOf(stream, gates.length) : 0] ?? 0)

/** What is a replay is not handled together with what is not. */
export const partsOf = <Sources extends EventSources, E, R>(
  hold: Hold<Sources, E, R>,
  events: ReadonlyArray<RecordedEvent<EventOf<Sources>>>
): ReadonlyArray<Events<Sources>> => {
  const { gates } = hold.claim
  const last = events[events.length - 1]
  const [first, ...others] = events
  if (first === undefined || last === undefined) return []
  if (first.position > Math.max(...gates) || last.position <= Math.min(...gates)) return [[first, ...others]]
  let part: [RecordedEvent<EventOf<Sources>>, ...Array<RecordedEvent<EventOf<Sources>>>] = [first]
  const parts = [part]
  for (const event of others) {
    if (isReplay(hold, event) === isReplay(hold, part[0])) part.push(event)
    else parts.push(part = [event])
  }
  return parts
}

/** Runs in a fiber of its own, which an interruption leaves alone until its patience is at an end. */
const toTheEnd = <A, E, R>(self: Effect.Effect<A, E, R>, patience: number): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Effect.forkDetach(self),
      (fiber) =>
        Effect.onInterrupt(restore(Fiber.join(fiber)), () =>
          Effect.flatMap(
            Effect.forkDetach(Effect.andThen(Effect.sleep(patience), Fiber.interrupt(fiber))),
            (timer) => Effect.andThen(Fiber.await(fiber), Fiber.interrupt(timer))
          ))
    )
  )

/** What the handler does with these events, all of which are replays, or none. */
export const work = <Sources extends EventSources, E, R>(
  hold: Hold<Sources, E, R>,
  events: Events<Sources>
): Effect.Effect<void, HandlerFailed<E>, R> =>
  Effect.suspend(() => hold.projection.handle(events, hold.partition)).pipe(
    Effect.catchCause((cause) => Effect.fail(new HandlerFailed({ cause }))),
    Effect.provideService(IsReplay, isReplay(hold, events[0]))
  )

/** Handles events, except those whose streams are parked: these are set aside as well. */
export const handle = <Sources extends EventSources, E, R>(
  hold: Hold<Sources, E, R>,
  events: Events<Sources>,
  to = events[events.length - 1]!.position
): Effect.Effect<void, HandlerFailed<E> | PartitionLost | EventStoreError, R> => {
  const { parkedStreams, store } = hold
  const waits = ({ stream }: RecordedEvent<unknown>) => parkedStreams.size > 0 && parkedStreams.has(nameOf(stream))
  const waiting = parkedStreams.size === 0 ? [] : events.filter(waits)
  const others = waiting.length === 0 ? events : events.filter((event) => !waits(event))
  const aside = waiting.length === 0 ? Effect.void : store.park(waiting.map((event) => setAside(hold, event, "")))
  const handled = isReadonlyArrayNonEmpty(others) ? work(hold, others) : Effect.void
  return moved(hold, { to, events: others.length }, { aside, handled })
}

/**
 * Handles and moves on: in one transaction, or the handler before it, and in it what that has left to be said only by who
 * still has the partition.
 */
export const moved = <Sources extends EventSources, E, R, E2, R2>(
  hold: Hold<Sources, E, R>,
  move: { readonly to?: number | undefined; readonly events: number },
  { aside, handled }: {
    readonly aside: Effect.Effect<void, EventStoreError>
    readonly handled: Effect.Effect<void, E2, R2>
  }
): Effect.Effect<void, E2 | PartitionLost | EventStoreError, R2> =>
  hold.projection.delivery === "exactly once"
    ? commit(hold, move, Effect.andThen(handled, aside))
    : Effect.suspend(() => {
      const fence = Fencing.make((work) => commit(hold, {}, work))
      const last = Effect.andThen(aside, fence.rest)
      return toTheEnd(Effect.andThen(fence.guard(handled), commit(hold, move, last)), hold.patience)
    })

/** An event that is not handled now. */
export const setAside = <Sources extends EventSources, E, R>(
  hold: Hold<Sources, E, R>,
  { position, stream, type, version }: Pick<UnreadableEvent, "position" | "stream" | "type" | "version">,
  error: string,
  isSkipped = false
): Omit<ParkedEvent, "parkedAt"> => ({
  ...idOf(hold),
  stream,
  eventVersion: version,
  position,
  type,
  error,
  isSkipped
})

/** What went wrong, in a line. */
export const describe = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error.message === "" ? error.name : error.message : String(error)
}
