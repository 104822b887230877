import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Result from "effect/Result"
import * as AppendCondition from "../../AppendCondition.ts"
import * as Driver from "../../EventStoreDriver.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { StreamId } from "../../StreamId.ts"
import * as Partitioning from "../partitioning.ts"
import * as MemoryLeases from "./leases.ts"
import * as MemorySnapshots from "./snapshots.ts"

/** Events keep their JSON text and are parsed on every read, so that memory behaves like a database. */
interface Row extends Omit<Driver.StoredEvent, "data" | "metadata">, Pick<Driver.NewEvent, "data" | "metadata"> {}

const parse = (
  { data, id, metadata, position, recordedAt, schemaVersion, stream, type, version }: Row
): Driver.StoredEvent => ({
  stream,
  version,
  position,
  id,
  type,
  schemaVersion,
  data: JSON.parse(data),
  metadata: metadata === "{}" ? {} : JSON.parse(metadata),
  recordedAt
})

const key = ({ category, id, tenant }: StreamId) => `${tenant}\0${category}\0${id}`

const nothing: ReadonlyArray<Driver.StoredEvent> = []

/** The log of one store. Nothing here waits, so every call is one atomic step. */
class Log {
  readonly rows: Array<Row> = []
  private readonly streams = new Map<string, Array<Row>>()
  /** Of the first `indexed` rows, the place of each by the id of its event; kept only once somebody asks for it. */
  private readonly byId = new Map<string, Row>()
  private indexed = 0

  rowsOf(stream: StreamId): ReadonlyArray<Row> {
    return this.streams.get(key(stream)) ?? []
  }

  append(appends: Driver.Appends, now: DateTime.Utc): Result.Result<Driver.AppendOutcome, EventStoreError> {
    const repeated = appends.some(({ mayRepeat }) => mayRepeat) ? this.repeated(appends) : undefined
    if (repeated !== undefined) return repeated
    const refusals: Array<Driver.Refusal> = []
    for (const [index, { condition, stream }] of appends.entries()) {
      const rows = this.rowsOf(stream)
      const version = rows.length
      if (!AppendCondition.holds(condition, version, (after) => rows.slice(after).map(({ type }) => type))) {
        refusals.push({ index, version, missed: missed(rows, AppendCondition.knownVersion(condition)) })
      }
    }
    const [first, ...others] = refusals
    return Result.succeed(
      first === undefined
        ? { _tag: "Appended", placements: appends.map((append) => this.place(append, now)) }
        : { _tag: "Refused", refusals: [first, ...others] }
    )
  }

  find(ids: ReadonlyArray<string>): ReadonlyArray<Driver.StoredEvent> {
    for (; this.indexed < this.rows.length; this.indexed++) {
      const row = this.rows[this.indexed]!
      this.byId.set(row.id, row)
    }
    return ids.flatMap((id) => this.byId.get(id) ?? []).map(parse)
  }

  private repeated(appends: Driver.Appends): Result.Result<Driver.AppendOutcome, EventStoreError> | undefined {
    const ends = Driver.repetition(appends, this.find(appends.flatMap(({ events }) => events.map(({ id }) => id))))
    if (ends === undefined) return undefined
    if (Result.isFailure(ends)) return Result.fail(ends.failure)
    const placements = appends.map(({ condition, events, stream }, index): Driver.Placement => {
      const rows = this.rowsOf(stream)
      const end = ends.success[index] ?? rows.at(-1)
      const before = (end?.version ?? 0) - events.length
      return {
        version: end?.version ?? 0,
        position: end?.position ?? 0,
        recordedAt: end?.recordedAt ?? DateTime.makeUnsafe(0),
        missed: missed(rows, AppendCondition.knownVersion(condition), before),
        repeated: true
      }
    })
    return Result.succeed({ _tag: "Appended", placements })
  }

  private place({ condition, events, stream }: Driver.Append, now: DateTime.Utc): Driver.Placement {
    const name = key(stream)
    const rows = this.streams.get(name) ?? []
    if (rows.length === 0 && events.length > 0) this.streams.set(name, rows)
    const before = missed(rows, AppendCondition.knownVersion(condition))
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
      this.rows.push(row)
    }
    return {
      version: rows.length,
      position: rows[rows.length - 1]?.position ?? 0,
      recordedAt: now,
      missed: before,
      repeated: false
    }
  }
}

const missed = (
  rows: ReadonlyArray<Row>,
  after = rows.length,
  upTo = rows.length
): ReadonlyArray<Driver.StoredEvent> => after >= upTo ? nothing : rows.slice(after, upTo).map(parse)

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
          const row = rows[index]!
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
