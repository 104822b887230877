import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { EventSource, EventSources } from "../../EventSource.ts"
import { EventStore, type StreamAppend } from "../../EventStore.ts"
import { EventStoreError, StoreFailure } from "../../EventStoreError.ts"
import type { Projection } from "../../Projection.ts"
import { type PartitionsDiffer, ProjectionStore } from "../../ProjectionStore.ts"
import { Tenant } from "../../StreamId.ts"
import * as EventIds from "../store/eventIds.ts"
import * as Handling from "./handling.ts"
import * as Parking from "./parking.ts"
import * as Settling from "./settling.ts"

const pageSize = 1_000

/** The compiler does not see that appends with ids are what they were without. */
const sameKind = <Appends extends ReadonlyArray<StreamAppend>>(
  _: Appends,
  named: ReadonlyArray<StreamAppend>
): Appends => named as Appends

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

  /**
   * Returns how many events there were, of which so many are enough; who pauses or stops the projection does not want to
   * stop appends.
   */
  const handleNew = Effect.fnUntraced(function*(enough: number) {
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
      Stream.tap(({ events }) => Effect.sync(() => handled += events.length)),
      Stream.takeUntil(() => handled >= enough),
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
  const onePage = store.transact(handleNew(pageSize))
  while ((yield* onePage) >= pageSize);

  const together = Effect.fnUntraced(function*<A, E2>(
    append: Effect.Effect<A, E2 | EventStoreError>,
    source: EventSource,
    id: string,
    eventIds: ReadonlyArray<string>
  ): Effect.fn.Return<A, E2 | EventStoreError> {
    const attempt = (onCommit: Effect.Effect<void>) =>
      store.transact(Effect.tap(append, () => Effect.andThen(handleNew(Infinity), onCommit)))
    // a transaction of the caller's ends later, and is the caller's to settle
    if (yield* events.inTransaction) return yield* attempt(Effect.void)
    const stream = { tenant: yield* Tenant, category: source.category, id }
    return yield* Settling.settle(attempt, { stream, eventIds })
  })
  const idsOf = (events: ReadonlyArray<unknown>, eventIds: ReadonlyArray<string> | undefined) =>
    eventIds ?? events.map(() => EventIds.make())
  const concerns = (sources: ReadonlyArray<{ readonly category: string }>) =>
    sources.some(({ category }) => categories.includes(category))

  return {
    ...events,
    append: (source, id, decided, options) => {
      if (decided.length === 0 || !concerns([source])) return events.append(source, id, decided, options)
      const eventIds = idsOf(decided, options?.eventIds)
      return together(events.append(source, id, decided, { ...options, eventIds }), source, id, eventIds)
    },
    appendAll: (appends, options) => {
      const [first] = appends.filter(({ events, source }) => events.length > 0 && concerns([source]))
      if (first === undefined) return events.appendAll(appends, options)
      const named = appends.map((append) => ({ ...append, eventIds: idsOf(append.events, append.eventIds) }))
      const eventIds = named.flatMap((append) => append.eventIds)
      return together(events.appendAll(sameKind(appends, named), options), first.source, first.id, eventIds)
    }
  }
})
