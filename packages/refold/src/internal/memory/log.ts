import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import * as AppendCondition from "../../AppendCondition.ts"
import * as Driver from "../../EventStoreDriver.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { StreamId } from "../../StreamId.ts"

/** Events keep their JSON text and are parsed on every read, so that memory behaves like a database. */
export interface Row
  extends Omit<Driver.StoredEvent, "data" | "metadata">, Pick<Driver.NewEvent, "data" | "metadata">
{}

/** The place of an event is its position or version less one; where an event was removed, nothing is. */
type Rows = ReadonlyArray<Row | undefined>

export const parse = (
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

export const key = ({ category, id, tenant }: StreamId) => `${tenant}\0${category}\0${id}`

const nothing: ReadonlyArray<Driver.StoredEvent> = []

/** The log of one store. Nothing here waits, so every call is one atomic step. */
export class Log {
  readonly rows: Array<Row | undefined> = []
  private readonly streams = new Map<string, Array<Row | undefined>>()
  /** Of the first `indexed` rows, the place of each by the id of its event; kept only once somebody asks for it. */
  private readonly byId = new Map<string, Row>()
  private indexed = 0

  rowsOf(stream: StreamId): Rows {
    return this.streams.get(key(stream)) ?? []
  }

  readPage({ after, limit, stream }: Parameters<Driver.EventStoreDriver["readStream"]>[0]): Driver.StreamPage {
    const rows = this.rowsOf(stream)
    const events: Array<Driver.StoredEvent> = []
    for (let place = after; place < rows.length && events.length < limit; place++) {
      const row = rows[place]
      if (row !== undefined) events.push(parse(row))
    }
    return { version: rows.length, events }
  }

  append(appends: Driver.Appends, now: DateTime.Utc): Result.Result<Driver.AppendOutcome, EventStoreError> {
    const repeated = appends.some(({ mayRepeat }) => mayRepeat) ? this.repeated(appends) : undefined
    if (repeated !== undefined) return repeated
    const refusals: Array<Driver.Refusal> = []
    for (const [index, { condition, stream }] of appends.entries()) {
      const rows = this.rowsOf(stream)
      const version = rows.length
      const typesAfter = (after: number) => rows.slice(after).flatMap((row) => row?.type ?? [])
      if (!AppendCondition.holds(condition, version, typesAfter)) {
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
    return this.rowsWith(ids).map(parse)
  }

  /** Leaves the places of events empty, but for the last one of each stream. */
  discard({ category, ids, tenant, upTo }: Driver.DiscardRequest): ReadonlyArray<Row> {
    const discarded = this.rowsWith(ids).filter(({ position, stream, version }) =>
      stream.tenant === tenant && stream.category === category && position <= upTo &&
      version < this.rowsOf(stream).length
    )
    for (const { id, position, stream, version } of discarded) {
      this.rows[position - 1] = undefined
      const rows = this.streams.get(key(stream))
      if (rows !== undefined) rows[version - 1] = undefined
      this.byId.delete(id)
    }
    return discarded
  }

  private rowsWith(ids: ReadonlyArray<string>): ReadonlyArray<Row> {
    for (; this.indexed < this.rows.length; this.indexed++) {
      const row = this.rows[this.indexed]
      if (row !== undefined) this.byId.set(row.id, row)
    }
    return ids.flatMap((id) => this.byId.get(id) ?? [])
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

const missed = (rows: Rows, after = rows.length, upTo = rows.length): ReadonlyArray<Driver.StoredEvent> =>
  after >= upTo ? nothing : rows.slice(after, upTo).flatMap((row) => row === undefined ? [] : parse(row))
