/**
 * Read models: events of the log, handled in order, each exactly once where the handler writes in the same database.
 *
 * @since 0.1.0
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type CheckpointMoved, Checkpoints, type ProjectionId } from "./Checkpoints.ts"
import type { EventOf, EventSources } from "./EventSource.ts"
import { EventStore } from "./EventStore.ts"
import type { EventStoreError } from "./EventStoreError.ts"
import type { RecordedEvent } from "./RecordedEvent.ts"

/**
 * A projection as a value: which events, and what to do with a batch of them.
 *
 * **Details**
 *
 * `handle` is given batches in the order of the log. It runs in the transaction that moves the checkpoint, so what it
 * writes through the same `SqlClient` happens exactly once. Change `version` to start from the beginning again.
 *
 * **Gotchas**
 *
 * What it does elsewhere, such as sending mail, may happen again. It sees the events of the tenant it runs for, and the
 * checkpoint knows nothing of tenants: one that runs for several needs a name for each.
 *
 * @category models
 * @since 0.1.0
 */
export interface Projection<out Sources extends EventSources, out E, out R> extends ProjectionId {
  readonly from: Sources
  handle(events: NonEmptyReadonlyArray<RecordedEvent<EventOf<Sources>>>): Effect.Effect<void, E, R>
}

/**
 * Defines a projection.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <const Sources extends EventSources, E, R>(
  name: string,
  options: {
    readonly version: number
    readonly from: Sources
    readonly handle: (
      events: NonEmptyReadonlyArray<RecordedEvent<EventOf<Sources>>>
    ) => Effect.Effect<void, E, R>
  }
): Projection<Sources, E, R> => ({ name, ...options })

/**
 * Handles what is in the log now and returns the position it has come to.
 *
 * @category running
 * @since 0.1.0
 */
export const catchUp = Effect.fnUntraced(function*<Sources extends EventSources, E, R>(
  self: Projection<Sources, E, R>
): Effect.fn.Return<number, E | CheckpointMoved | EventStoreError, R | EventStore | Checkpoints> {
  const store = yield* EventStore
  const checkpoints = yield* Checkpoints
  yield* handleAll(self, (after) => store.readAll(self.from, { after }))
  return yield* checkpoints.get(self)
})

/**
 * Handles what is in the log and then what is to come, until it is interrupted or fails. A batch in hand is finished
 * before an interruption takes effect.
 *
 * **Gotchas**
 *
 * It fails when the handler does, and at an event that cannot be read; run again, it goes on from its checkpoint. Whether
 * and when is for `Effect.retry` to say. Two that run the same projection do no harm, but one of them fails.
 *
 * @category running
 * @since 0.1.0
 */
export const run = Effect.fnUntraced(function*<Sources extends EventSources, E, R>(
  self: Projection<Sources, E, R>
): Effect.fn.Return<never, E | CheckpointMoved | EventStoreError, R | EventStore | Checkpoints> {
  const store = yield* EventStore
  yield* handleAll(self, (after) => store.subscribe(self.from, { after }))
  return yield* Effect.never
})

const handleAll = <Sources extends EventSources, E, R>(
  self: Projection<Sources, E, R>,
  read: (after: number) => Stream.Stream<RecordedEvent<EventOf<Sources>>, EventStoreError>
): Effect.Effect<void, E | CheckpointMoved | EventStoreError, R | Checkpoints> =>
  Effect.gen(function*() {
    const checkpoints = yield* Checkpoints
    let from = yield* checkpoints.get(self)
    yield* Stream.runForEachArray(read(from), (batch) => {
      const to = batch[batch.length - 1]!.position
      return Effect.uninterruptible(
        Effect.tap(checkpoints.advance(self, { from, to })(self.handle(batch)), () =>
          Effect.sync(() => {
            from = to
          }))
      )
    })
  })
