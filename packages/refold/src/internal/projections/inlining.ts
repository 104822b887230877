import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { EventSources } from "../../EventSource.ts"
import { EventStore } from "../../EventStore.ts"
import { EventStoreError, StoreFailure } from "../../EventStoreError.ts"
import type { Projection } from "../../Projection.ts"
import { type PartitionsDiffer, ProjectionStore } from "../../ProjectionStore.ts"
import * as Handling from "./handling.ts"

/**
 * A store whose appends handle, in their own transaction, what a projection has not had yet: their own events, and before
 * them whatever others appended who do not do so.
 */
export const decorate = Effect.fnUntraced(function*<Sources extends EventSources, E, R>(
  projection: Projection<Sources, E, R>
): Effect.fn.Return<EventStore["Service"], PartitionsDiffer | EventStoreError, R | EventStore | ProjectionStore> {
  const events = yield* EventStore
  const store = yield* ProjectionStore
  const context = yield* Effect.context<R>()
  const categories = projection.from.map(({ category }) => category)
  yield* store.register(projection, { partitions: 1, categories })

  const failed = (cause: Cause.Cause<unknown>) => {
    const message = `${projection.name} v${projection.version} failed, and so did the append: ${
      Handling.describe(cause)
    }`
    return new EventStoreError({ reason: new StoreFailure({ message, cause }) })
  }
  const partition = { name: projection.name, version: projection.version, partition: 0 }
  const handleNew = Effect.gen(function*() {
    const claim = yield* store.lock(partition)
    if (claim === undefined) return
    const hold = {
      projection,
      store,
      partition: { index: 0, of: 1 },
      claim,
      position: claim.position,
      parkedStreams: new Set<string>()
    }
    yield* Stream.runForEach(
      events.batches(projection.from, { follow: false, after: claim.position, upTo: claim.until, tenants: "all" }),
      ({ end, events: [first, ...others] }) =>
        first === undefined ? Effect.void : Handling.handle(hold, [first, ...others], end)
    )
  }).pipe(
    Effect.provide(context),
    Effect.catchTags({
      HandlerFailed: ({ cause }) => Effect.fail(failed(cause)),
      PartitionLost: (error) =>
        Effect.fail(new EventStoreError({ reason: new StoreFailure({ message: error.message, cause: error }) }))
    })
  )
  const concerns = (sources: ReadonlyArray<{ readonly category: string }>) =>
    sources.some(({ category }) => categories.includes(category))

  return {
    ...events,
    append: (source, id, decided, options) => {
      const append = events.append(source, id, decided, options)
      return concerns([source]) ? store.transact(Effect.tap(append, handleNew)) : append
    },
    appendAll: (appends, options) => {
      const append = events.appendAll(appends, options)
      return concerns(appends.map(({ source }) => source)) ? store.transact(Effect.tap(append, handleNew)) : append
    }
  }
})
