import { isReadonlyArrayNonEmpty, type NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { EventOf, EventSources } from "../../EventSource.ts"
import type { EventStoreError, UnreadableEvent } from "../../EventStoreError.ts"
import type { Partition, Projection } from "../../Projection.ts"
import type { Claim, ParkedEvent, PartitionId, PartitionLost, ProjectionStore } from "../../ProjectionStore.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import { format, type StreamId } from "../../StreamId.ts"

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
}

export type Events<Sources extends EventSources> = NonEmptyReadonlyArray<RecordedEvent<EventOf<Sources>>>

export const idOf = <Sources extends EventSources, E, R>(
  { partition, projection: { name, version } }: Hold<Sources, E, R>
): PartitionId => ({ name, version, partition: partition.index })

export const nameOf = (stream: StreamId): string => `${stream.tenant}\0${format(stream)}`

/** Runs the handler and moves on, both or neither; an interruption waits for it. */
export const commit = <Sources extends EventSources, E, R, E2 = never, R2 = never>(
  hold: Hold<Sources, E, R>,
  { to = hold.position, events = 0 }: { readonly to?: number | undefined; readonly events?: number | undefined },
  work: Effect.Effect<void, E2, R2>
): Effect.Effect<void, E2 | PartitionLost | EventStoreError, R2> =>
  Effect.suspend(() => {
    const move = { token: hold.claim.token, from: hold.position, to, events }
    return Effect.uninterruptible(Effect.tap(hold.store.commit(idOf(hold), move)(work), () =>
      Effect.sync(() => {
        hold.position = to
      })))
  })

/** What the handler does with these events, all of which are of before the gate or of after it. */
export const work = <Sources extends EventSources, E, R>(
  { claim: { gate }, partition, projection }: Hold<Sources, E, R>,
  events: Events<Sources>
): Effect.Effect<void, HandlerFailed<E>, R> =>
  Effect.suspend(() => projection.handle(events, partition)).pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterrupts(cause) ? Effect.interrupt : Effect.fail(new HandlerFailed({ cause }))
    ),
    Effect.provideService(IsReplay, events[events.length - 1]!.position <= gate)
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
  return hold.projection.delivery === "at least once"
    ? Effect.andThen(handled, commit(hold, { to, events: others.length }, aside))
    : commit(hold, { to, events: others.length }, Effect.andThen(aside, handled))
}

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

/** What went wrong, in one line and with what led to it. */
export const describe = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error.message === "" ? error.name : error.message : String(error)
}
