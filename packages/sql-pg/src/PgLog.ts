/**
 * What is in a store, as it is stored: for people and tools that know nothing of its schemas.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { EventStoreError } from "refold/EventStoreError"
import type { StreamId } from "refold/StreamId"
import { toStoreError } from "./internal/errors.ts"
import { archiveStatements } from "./internal/sql/archive.ts"
import * as Watching from "./internal/watching.ts"
import type { Options } from "./PgEventStore.ts"

const pageSize = 1_000

/**
 * Of which streams; of all, of all tenants, by default.
 *
 * @category models
 * @since 0.1.0
 */
export interface Filter {
  readonly tenant?: string | undefined
  readonly category?: string | undefined
  readonly stream?: string | undefined
}

/**
 * A stream and its last event.
 *
 * @category models
 * @since 0.1.0
 */
export interface StreamInfo {
  readonly stream: StreamId
  readonly version: number
  readonly position: number
  readonly recordedAt: DateTime.Utc
}

/**
 * An event in the form in which it is stored: its data is JSON, in the shape of its schema version.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoredEvent extends StreamInfo {
  readonly id: string
  readonly type: string
  readonly schemaVersion: number
  readonly data: unknown
  readonly metadata: unknown
}

interface StreamRow {
  readonly tenant: string
  readonly category: string
  readonly stream_id: string
  readonly version: bigint
  readonly position: bigint
  readonly recorded_at: Date
}

interface EventRow extends StreamRow {
  readonly event_id: string
  readonly type: string
  readonly schema_version: number
  readonly data: unknown
  readonly metadata: unknown
}

/**
 * The streams, by tenant, category and id.
 *
 * @category reading
 * @since 0.1.0
 */
export const streams = (
  { category, like, schema = "refold", stream, tenant }: Filter & {
    /** A pattern for ids, in the manner of SQL: `%` stands for any text. */
    readonly like?: string | undefined
    readonly schema?: string | undefined
  } = {}
): Stream.Stream<StreamInfo, EventStoreError, PgClient.PgClient> =>
  Stream.unwrap(Effect.map(PgClient.PgClient, (client) => {
    const sql = client.withoutTransforms()
    const filters = [tenant ?? null, category ?? null, stream ?? null, like ?? null]
    const statement = archiveStatements(schema).streams
    return Stream.paginate<ReadonlyArray<string | null>, StreamInfo, EventStoreError>(
      [null, null, null],
      (after) =>
        Effect.map(
          Effect.mapError(sql.unsafe<StreamRow>(statement, [...filters, ...after, pageSize]), toStoreError),
          (rows) => {
            const last = rows[pageSize - 1]
            const next = last === undefined ? Option.none() : Option.some([last.tenant, last.category, last.stream_id])
            return [rows.map(infoOf), next] as const
          }
        )
    )
  }))

/**
 * The events, in the order of the log.
 *
 * @category reading
 * @since 0.1.0
 */
export const events = (
  {
    after = 0,
    category,
    follow = false,
    listen = true,
    pollInterval = "1 second",
    schema = "refold",
    stream,
    tenant,
    type
  }:
    & Filter
    & Pick<Options, "schema" | "listen" | "pollInterval">
    & {
      readonly type?: string | undefined
      /** Only events with a greater position. */
      readonly after?: number | undefined
      /** Whether to wait for what is to come, for ever. */
      readonly follow?: boolean | undefined
    } = {}
): Stream.Stream<StoredEvent, EventStoreError, PgClient.PgClient> =>
  Stream.unwrap(Effect.gen(function*() {
    const client = yield* PgClient.PgClient
    const sql = client.withoutTransforms()
    const statement = archiveStatements(schema)
    const filters = [tenant ?? null, category ?? null, stream ?? null, type ?? null]
    const appended = follow
      ? yield* Effect.flatMap(Watching.make(client, schema, { listen, pollInterval }), ({ appends }) => appends)
      : Effect.void
    const page = Effect.fnUntraced(function*(after: bigint) {
      const [last] = yield* sql.unsafe<{ readonly position: bigint }>(statement.end)
      const end = last?.position ?? after
      const rows = yield* sql.unsafe<EventRow>(statement.events, [...filters, after, end, pageSize])
      const next = rows[pageSize - 1]?.position ?? end
      if (next <= after && follow) yield* appended
      return [rows.map(eventOf), next > after || follow ? Option.some(next) : Option.none<bigint>()] as const
    }, Effect.mapError(toStoreError))
    return Stream.paginate(BigInt(after), page)
  }))

const infoOf = ({ category, position, recorded_at, stream_id, tenant, version }: StreamRow): StreamInfo => ({
  stream: { tenant, category, id: stream_id },
  version: Number(version),
  position: Number(position),
  recordedAt: DateTime.makeUnsafe(recorded_at)
})

const eventOf = (row: EventRow): StoredEvent => ({
  ...infoOf(row),
  id: row.event_id,
  type: row.type,
  schemaVersion: row.schema_version,
  data: row.data,
  metadata: row.metadata
})
