import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Result from "effect/Result"
import * as AppendCondition from "../AppendCondition.ts"
import * as Driver from "../EventStoreDriver.ts"
import type { EventStoreError } from "../EventStoreError.ts"
import type { StreamId } from "../StreamId.ts"
import * as MemoryLeases from "./memoryLeases.ts"
import * as MemorySnapshots from "./memorySnapshots.ts"

/** Events keep their JSON text and are parsed on every read, so that memory behaves like a database. */
interface Row extends Omit<Driver.StoredEvent, "data" | "metadata">, Pick<Driver.NewEvent, "data" | "metadata"> {}

interface MemoryStream {
  readonly rows: Array<Row>
  readonly lastVersionByType: Map<string, number>
}

const parse = (row: Row): Driver.StoredEvent => ({
  ...row,
  data: JSON.parse(row.data),
  metadata: JSON.parse(row.metadata)
})

const nothing: ReadonlyArray<Driver.StoredEvent> = []

const key = (stream: StreamId) => `${stream.tenant}\0${stream.category}\0${stream.id}`

/** The log of one store. Nothing here waits, so every call is one atomic step. */
class Log {
  readonly rows: Array<Row> = []
  private readonly streams = new Map<string, MemoryStream>()
  private readonly byId = new Map<string, Row>()

  rowsOf(stream: StreamId): ReadonlyArray<Row> {
    return this.streams.get(key(stream))?.rows ?? []
  }

  append(appends: Driver.Appends, now: DateTime.Utc): Result.Result<Driver.AppendOutcome, EventStoreError> {
    const repeated = this.repeated(appends)
    if (repeated !== undefined) return repeated
    const refusals: Array<Driver.Refusal> = []
    for (const [index, { condition, stream }] of appends.entries()) {
      const found = this.streams.get(key(stream))
      const version = found?.rows.length ?? 0
      if (!AppendCondition.holds(condition, version, found?.lastVersionByType ?? new Map())) {
        refusals.push({
          index,
          version,
          missed: this.missed(stream, AppendCondition.knownVersion(condition) ?? version)
        })
      }
    }
    const [first, ...others] = refusals
    return Result.succeed(
      first === undefined
        ? { _tag: "Appended", placements: appends.map((append) => this.place(append, now)) }
        : { _tag: "Refused", refusals: [first, ...others] }
    )
  }

  private repeated(appends: Driver.Appends): Result.Result<Driver.AppendOutcome, EventStoreError> | undefined {
    const rows = appends.flatMap(({ events }) => events.flatMap(({ id }) => this.byId.get(id) ?? []))
    const ends = Driver.repetition(appends, rows.map(parse))
    if (ends === undefined) return undefined
    if (Result.isFailure(ends)) return Result.fail(ends.failure)
    const placements = appends.map(({ condition, events, stream }, index): Driver.Placement => {
      const end = ends.success[index] ?? this.rowsOf(stream).at(-1)
      const before = (end?.version ?? 0) - events.length
      return {
        version: end?.version ?? 0,
        position: end?.position ?? 0,
        recordedAt: end?.recordedAt ?? DateTime.makeUnsafe(0),
        missed: this.missed(stream, AppendCondition.knownVersion(condition) ?? before, before),
        repeated: true
      }
    })
    return Result.succeed({ _tag: "Appended", placements })
  }

  private missed(stream: StreamId, after: number, upTo = Infinity): ReadonlyArray<Driver.StoredEvent> {
    const rows = this.rowsOf(stream)
    return after >= rows.length ? nothing : rows.slice(after, upTo).map(parse)
  }

  private place({ condition, events, stream }: Driver.Append, now: DateTime.Utc): Driver.Placement {
    const name = key(stream)
    const found = this.streams.get(name)
    const { lastVersionByType, rows } = found ?? { rows: [], lastVersionByType: new Map<string, number>() }
    if (found === undefined && events.length > 0) this.streams.set(name, { lastVersionByType, rows })
    const missed = this.missed(stream, AppendCondition.knownVersion(condition) ?? rows.length)
    for (const { data, id, metadata, schemaVersion, type } of events) {
      const row: Row = {
        stream,
        version: rows.length + 1,
        position: this.rows.length + 1,
        id,
        type,
        schemaVersion,
        data,
        metadata,
        recordedAt: now
      }
      rows.push(row)
      lastVersionByType.set(type, row.version)
      this.rows.push(row)
      this.byId.set(id, row)
    }
    return {
      version: rows.length,
      position: rows[rows.length - 1]?.position ?? 0,
      recordedAt: now,
      missed,
      repeated: false
    }
  }
}

export const make: Effect.Effect<Driver.EventStoreDriver> = Effect.gen(function*() {
  const log = new Log()
  const appended = yield* PubSub.sliding<void>(1)

  // as with a database, others get a turn while a call is under way: what races there races here
  const call = <A>(evaluate: () => A): Effect.Effect<A> => Effect.andThen(Effect.yieldNow, Effect.sync(evaluate))

  const readPage: MemorySnapshots.Log["readPage"] = ({ after, limit, stream }) => {
    const rows = log.rowsOf(stream)
    return { version: rows.length, events: rows.slice(after, after + limit).map(parse) }
  }

  return {
    append: (appends) =>
      Effect.flatMap(Effect.andThen(Effect.yieldNow, DateTime.now), (now) => {
        const outcome = log.append(appends, now)
        if (Result.isFailure(outcome)) return Effect.fail(outcome.failure)
        if (outcome.success._tag === "Appended") PubSub.publishUnsafe(appended, undefined)
        return Effect.succeed(outcome.success)
      }),
    readStream: (options) => call(() => readPage(options)),
    readLog: ({ after, categories, limit, tenant }) =>
      call(() => {
        const { rows } = log
        const events: Array<Driver.StoredEvent> = []
        for (let index = after; index < rows.length && events.length < limit; index++) {
          const row = rows[index]!
          if (row.stream.tenant === tenant && categories.includes(row.stream.category)) events.push(parse(row))
        }
        return { end: rows.length, events }
      }),
    watch: Effect.map(PubSub.subscribe(appended), (subscription) => PubSub.take(subscription)),
    inTransaction: Effect.succeed(false),
    ...MemorySnapshots.make({
      key,
      call,
      readPage,
      positionOf: (stream, version) => log.rowsOf(stream)[version - 1]?.position
    }),
    ...MemoryLeases.make(key)
  }
})
