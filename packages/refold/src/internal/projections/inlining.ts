import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { EventSources } from "../../EventSource.ts"
import { EventStore } from "../../EventStore.ts"
import { EventStoreError, StoreFailure } from "../../EventStoreError.ts"
import type { Projection } from "../../Projection.ts"
import { type PartitionsDiffer, ProjectionStore } from "../../ProjectionStore.ts"
import * as Handling from "./handling.ts"
import * as Parking from "./parking.ts"

const pageSize = 1_000

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
  const id = { name: projection.name, version: projection.version }

  /** Returns how many events there were; who pauses or stops the projection does not want to stop appends. */
  const handleNew = Effect.fnUntraced(function*(batches: number) {
    const locked = yield* store.lock({ ...id, partition: 0 })
    if (locked === undefined) return 0
    const { isParking, position, until } = locked
    const parkedStreams = isParking ? Parking.waiting(yield* store.parked(id)) : new Set<string>()
    const claim = { ...locked, mayRetry: false }
    const partition = { index: 0, of: 1 }
    const hold = { projection, store, partition, claim, position, parkedStreams, patience: Infinity }
    const options = { follow: false, after: position, upTo: until, tenants: "all", pageSize } as const
    let handled = 0
    yield* events.batches(projection.from, options).pipe(
      Stream.take(batches),
      Stream.tap(({ events }) => Effect.sync(() => handled += events.length)),
      Stream.runForEach(Effect.fnUntraced(function*({ end, events }) {
        for (const part of Handling.partsOf(hold, events)) yield* Handling.handle(hold, part)
        if (end > hold.position) yield* Handling.commit(hold, { to: end }, Effect.void)
      }))
    )
    return handled
  }, (self) =>
    Effect.provide(self, context).pipe(
      Effect.catchTags({
        HandlerFailed: ({ cause }) => Effect.fail(failed(cause)),
        PartitionLost: (error) =>
          Effect.fail(new EventStoreError({ reason: new StoreFailure({ message: error.message, cause: error }) }))
      })
    ))
  // what is there already is not to be the business of the first append
  const oneBatch = store.transact(handleNew(1))
  while ((yield* oneBatch) === pageSize);

  const together = <A, E2>(append: Effect.Effect<A, E2>) =>
    store.transact(Effect.tap(append, () => handleNew(Infinity)))
  const concerns = (sources: ReadonlyArray<{ readonly category: string }>) =>
    sources.some(({ category }) => categories.includes(category))

  return {
    ...events,
    append: (source, id, decided, options) => {
      const append = events.append(source, id, decided, options)
      return decided.length > 0 && concerns([source]) ? together(append) : append
    },
    appendAll: (appends, options) => {
      const append = events.appendAll(appends, options)
      return concerns(appends.flatMap(({ events, source }) => events.length > 0 ? [source] : []))
        ? together(append)
        : append
    }
  }
})
