import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as AppendCondition from "../AppendCondition.ts"
import type { Append, AppendOutcome, EventStoreDriver, NewEvent, StoredEvent } from "../EventStoreDriver.ts"
import type { StreamId } from "../StreamId.ts"
import * as MemoryLeases from "./memoryLeases.ts"

/** Events keep their JSON text and are parsed on every read, so that memory behaves like a database. */
interface Row extends Omit<StoredEvent, "data" | "metadata">, Pick<NewEvent, "data" | "metadata"> {}

interface MemoryStream {
  readonly rows: Array<Row>
  readonly lastVersionByType: Map<string, number>
}

const parse = (row: Row): StoredEvent => ({
  ...row,
  data: JSON.parse(row.data),
  metadata: JSON.parse(row.metadata)
})

const key = (stream: StreamId) => JSON.stringify([stream.tenant, stream.category, stream.id])

const emptyStream = (): MemoryStream => ({ rows: [], lastVersionByType: new Map() })

export const make: Effect.Effect<EventStoreDriver> = Effect.gen(function*() {
  const log: Array<Row> = []
  const streams = new Map<string, MemoryStream>()
  const appended = yield* PubSub.sliding<void>(1)

  const write = (stream: MemoryStream, { condition, events, stream: id }: Append, now: DateTime.Utc): AppendOutcome => {
    const before = stream.rows.length
    const known = AppendCondition.knownVersion(condition) ?? before
    const missed = stream.rows.slice(known).map(parse)
    if (!AppendCondition.holds(condition, before, stream.lastVersionByType)) {
      return { _tag: "Refused", version: before, missed }
    }
    for (const event of events) {
      const row: Row = {
        ...event,
        stream: id,
        version: stream.rows.length + 1,
        position: log.length + 1,
        recordedAt: now
      }
      stream.rows.push(row)
      stream.lastVersionByType.set(row.type, row.version)
      log.push(row)
    }
    const last = stream.rows.at(-1)
    return {
      _tag: "Appended",
      version: stream.rows.length,
      position: last?.position ?? 0,
      recordedAt: now,
      missed
    }
  }

  // as with a database, others get a turn while a call is under way: what races there races here
  const call = <A>(evaluate: () => A): Effect.Effect<A> => Effect.andThen(Effect.yieldNow, Effect.sync(evaluate))

  return {
    append: (append) =>
      Effect.flatMap(Effect.andThen(Effect.yieldNow, DateTime.now), (now) => {
        const name = key(append.stream)
        const stream = streams.get(name) ?? emptyStream()
        const outcome = write(stream, append, now)
        if (append.events.length === 0 || outcome._tag === "Refused") return Effect.succeed(outcome)
        streams.set(name, stream)
        return Effect.as(PubSub.publish(appended, undefined), outcome)
      }),
    readStream: ({ after, limit, stream }) =>
      call(() => {
        const rows = streams.get(key(stream))?.rows ?? []
        return { version: rows.length, events: rows.slice(after, after + limit).map(parse) }
      }),
    readLog: ({ after, categories, limit, tenant }) =>
      call(() => {
        const events: Array<StoredEvent> = []
        for (let index = after; index < log.length && events.length < limit; index++) {
          const row = log[index]!
          if (row.stream.tenant === tenant && categories.includes(row.stream.category)) events.push(parse(row))
        }
        return { end: log.length, events }
      }),
    watch: Effect.map(PubSub.subscribe(appended), (subscription) => PubSub.take(subscription)),
    inTransaction: Effect.succeed(false),
    ...MemoryLeases.make(key)
  }
})
