import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Result from "effect/Result"
import type * as Driver from "../../EventStoreDriver.ts"
import * as Partitioning from "../partitioning.ts"
import * as MemoryLeases from "./leases.ts"
import { key, Log, parse } from "./log.ts"
import * as MemorySnapshots from "./snapshots.ts"

export const make: Effect.Effect<Driver.EventStoreDriver> = Effect.gen(function*() {
  const log = new Log()
  const appended = yield* PubSub.sliding<void>(1)

  // as with a database, others get a turn while a call is under way: what races there races here
  const call = <A>(evaluate: () => A): Effect.Effect<A> => Effect.andThen(Effect.yieldNow, Effect.sync(evaluate))

  const readPage: MemorySnapshots.Log["readPage"] = (options) => log.readPage(options)
  const { forget, ...snapshots } = MemorySnapshots.make({
    key,
    call,
    readPage,
    positionOf: (stream, version) => log.rowsOf(stream)[version - 1]?.position
  })

  return {
    append: (appends) =>
      Effect.flatMap(Effect.andThen(Effect.yieldNow, DateTime.now), (now) => {
        const outcome = log.append(appends, now)
        const isWritten = Result.isSuccess(outcome) && outcome.success._tag === "Appended"
        return Effect.andThen(isWritten ? PubSub.publish(appended, undefined) : Effect.void, Effect.fromResult(outcome))
      }),
    readStream: (options) => call(() => readPage(options)),
    readLog: ({ after, categories, limit, partition, tenant, types, upTo }) =>
      call(() => {
        const { rows } = log
        const events: Array<Driver.StoredEvent> = []
        let size = 0
        for (let index = after; index < Math.min(rows.length, upTo) && events.length < limit; index++) {
          const row = rows[index]
          if (row === undefined) continue
          const { stream, type } = row
          const isWanted = (tenant === undefined || stream.tenant === tenant) && categories.includes(stream.category) &&
            (types === undefined || types.includes(type)) &&
            (partition === undefined || Partitioning.ofStream(stream, partition.of) === partition.index)
          if (!isWanted) continue
          events.push(parse(row))
          size += row.data.length + row.metadata.length
        }
        return { end: rows.length, events, size }
      }),
    findEvents: (ids) => call(() => log.find(ids)),
    discard: (request) =>
      call(() => {
        const discarded = log.discard(request)
        for (const { stream } of discarded) forget(stream)
        return discarded.length
      }),
    watch: Effect.map(PubSub.subscribe(appended), (subscription) => PubSub.take(subscription)),
    inTransaction: Effect.succeed(false),
    ...snapshots,
    ...MemoryLeases.make(key)
  }
})
