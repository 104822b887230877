import type * as PgClient from "@effect/sql-pg/PgClient"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { EventStoreDriver, StoredSnapshot } from "refold/EventStoreDriver"
import { toStoreError } from "./errors.ts"
import { type EventRow, isEvent, type Maybe, storedEvent } from "./rows.ts"
import type { Statements } from "./sql/statements.ts"

/** A row per event, or one without; the state stands in the first. */
type Row = Maybe<EventRow> & {
  readonly stream_version: bigint
  readonly snapshot_version: bigint | null
  readonly snapshot_position: bigint | null
  readonly snapshot_recorded_at: Date | null
  readonly snapshot_state: unknown
}

/** Saved states in the database. */
export const make = (
  sql: PgClient.PgClient,
  statement: Statements
): Pick<EventStoreDriver, "readFromSnapshot" | "writeSnapshot"> => ({
  readFromSnapshot: ({ at, fingerprint, limit, stream, version }) =>
    sql.unsafe<Row>(statement.readFromSnapshot, [
      stream.tenant,
      stream.category,
      stream.id,
      fingerprint,
      version === undefined ? null : BigInt(version),
      at === undefined ? null : DateTime.toDate(at),
      limit
    ]).pipe(
      Effect.map((rows) => ({
        version: Number(rows[0]?.stream_version ?? 0),
        snapshot: snapshotOf(rows[0]),
        events: rows.filter(isEvent).map((row) => storedEvent(stream, row))
      })),
      Effect.mapError(toStoreError)
    ),
  writeSnapshot: ({ fingerprint, position, recordedAt, state, stream, version }) =>
    sql.unsafe(statement.writeSnapshot, [
      stream.tenant,
      stream.category,
      stream.id,
      fingerprint,
      BigInt(version),
      BigInt(position),
      DateTime.toDate(recordedAt),
      state
    ]).pipe(Effect.asVoid, Effect.mapError(toStoreError))
})

const snapshotOf = (row: Row | undefined): StoredSnapshot | undefined =>
  row === undefined || row.snapshot_version === null || row.snapshot_position === null ||
    row.snapshot_recorded_at === null
    ? undefined
    : {
      version: Number(row.snapshot_version),
      position: Number(row.snapshot_position),
      recordedAt: DateTime.makeUnsafe(row.snapshot_recorded_at),
      state: row.snapshot_state
    }
