/** Stores that are wrong about several streams at once, or about whose they are. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { any, type AppendOptions } from "refold/AppendCondition"
import type { StreamAppend } from "refold/EventStore"
import * as StreamId from "refold/StreamId"
import type { Break } from "./brokenStores.ts"

/** If some of the streams are refused, the first one stays. */
export const keepsHalf: Break = (store) => ({
  ...store,
  appendAll: (appends, options) =>
    Effect.tapErrorTag(
      store.appendAll(appends, options),
      "AppendConditionsFailed",
      () => Effect.exit(store.appendAll(appends.slice(0, 1), options))
    )
})

/** Changes all streams but the first one, once in a while. */
const changingOthers = (change: (append: StreamAppend) => StreamAppend): Break => (store) => ({
  ...store,
  appendAll: <const Appends extends ReadonlyArray<StreamAppend>>(
    appends: Appends,
    options?: Pick<AppendOptions, "metadata">
  ) =>
    store.appendAll(
      appends.map((append, index) => index === 0 ? append : change(append)) as unknown as Appends,
      options
    )
})

/** The first stream is where it should be, the others are somewhere else. */
export const losesHalf = changingOthers((append) => ({ ...append, id: `${append.id} lost` }))

/** The condition of the first stream is taken for that of all. */
export const checksTheFirstOnly = changingOthers((append) => ({ ...append, condition: any }))

/** Of what is refused, only the first is told. */
export const tellsTheFirstOnly: Break = (store) => ({
  ...store,
  appendAll: (appends, options) =>
    Effect.mapError(store.appendAll(appends, options), (error) =>
      error._tag === "AppendConditionsFailed"
        ? Object.assign(error, { failures: [error.failures[0]] })
        : error)
})

/** The log shows what all tenants have. */
export const mixesLogs: Break = (store) => ({
  ...store,
  readAll: (sources, options) => {
    const of = (tenant: string) =>
      Effect.provideService(Stream.runCollect(store.readAll(sources, options)), StreamId.Tenant, tenant)
    return Stream.unwrap(
      Effect.map(
        Effect.all([of("one"), of("two")]),
        (logs) => Stream.fromIterable(logs.flat().toSorted((one, other) => one.position - other.position))
      )
    )
  }
})

/** Streams of the same name are one, whosever they are. */
export const mixesStreams: Break = (store) => ({
  ...store,
  append: (source, id, events, options) =>
    Effect.provideService(store.append(source, id, events, options), StreamId.Tenant, "one"),
  read: (source, id, options) => Stream.provideService(store.read(source, id, options), StreamId.Tenant, "one")
})
