import type * as PgClient from "@effect/sql-pg/PgClient"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as AppendCondition from "refold/AppendCondition"
import type { Append, AppendOutcome, EventStoreDriver, NewEvent, StoredEvent } from "refold/EventStoreDriver"
import type { EventStoreError } from "refold/EventStoreError"
import type { StreamId } from "refold/StreamId"
import { toStoreError } from "./errors.ts"
import * as Leases from "./leases.ts"
import type { statements } from "./sql/statements.ts"

interface EventRow {
  readonly version: bigint
  readonly position: bigint
  readonly event_id: string
  readonly type: string
  readonly schema_version: number
  readonly data: unknown
  readonly metadata: unknown
  readonly recorded_at: Date
}

interface AppendRow extends EventRow {
  readonly append: number
  readonly missed: boolean
  readonly accepted: boolean
}

/** The columns of an outer-joined row are null where there was no event. */
type Maybe<Row> = { readonly [Column in keyof Row]: Row[Column] | null }

const isEvent = <Row extends Maybe<EventRow>>(row: Row): row is Row & EventRow => row.version !== null

const storedEvent = (stream: StreamId, row: EventRow): StoredEvent => ({
  stream,
  version: Number(row.version),
  position: Number(row.position),
  id: row.event_id,
  type: row.type,
  schemaVersion: row.schema_version,
  data: row.data,
  metadata: row.metadata,
  recordedAt: DateTime.makeUnsafe(row.recorded_at)
})

/** A condition as the append function reads it; an absent bound is left out and becomes NULL. */
const encodeAppend = ({ condition, stream }: Append, append: number) => ({
  append,
  tenant: stream.tenant,
  category: stream.category,
  stream_id: stream.id,
  at_least: condition.atLeast,
  at_most: Number.isFinite(condition.atMost) ? condition.atMost : undefined,
  since: condition.since?.version,
  types: condition.since?.types,
  known: AppendCondition.knownVersion(condition)
})

const appendParameters = (appends: ReadonlyArray<Append>) => {
  const owners: Array<number> = []
  const events: Array<NewEvent> = []
  for (const [index, append] of appends.entries()) {
    for (const event of append.events) {
      owners.push(index)
      events.push(event)
    }
  }
  return [
    JSON.stringify(appends.map(encodeAppend)),
    owners,
    events.map((event) => event.id),
    events.map((event) => event.type),
    events.map((event) => event.schemaVersion),
    events.map((event) => event.data),
    events.map((event) => event.metadata)
  ]
}

/** One row of each append says what became of it; the others are the events it had missed. */
const appendOutcomes = (
  appends: ReadonlyArray<Append>,
  rows: ReadonlyArray<AppendRow>
): ReadonlyArray<AppendOutcome> => {
  const missed: ReadonlyArray<Array<StoredEvent>> = appends.map(() => [])
  const outcomes: Array<AppendOutcome> = []
  for (const row of rows) {
    const events = missed[row.append]!
    if (row.missed) events.push(storedEvent(appends[row.append]!.stream, row))
    else outcomes[row.append] = outcomeOf(row, events)
  }
  return outcomes
}

const outcomeOf = (
  { accepted, position, recorded_at, version }: AppendRow,
  missed: ReadonlyArray<StoredEvent>
): AppendOutcome =>
  accepted
    ? {
      _tag: "Appended",
      version: Number(version),
      position: Number(position),
      recordedAt: DateTime.makeUnsafe(recorded_at),
      missed
    }
    : { _tag: "Refused", version: Number(version), missed }

/** The driver on a client and its statements. */
export const make = (
  client: PgClient.PgClient,
  statement: ReturnType<typeof statements>,
  watch: Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
): EventStoreDriver => {
  const query = <Row extends object>(
    text: string,
    parameters: ReadonlyArray<unknown>
  ): Effect.Effect<ReadonlyArray<Row>, EventStoreError> =>
    Effect.mapError(client.unsafe<Row>(text, parameters), toStoreError)

  const inTransaction = Effect.map(Effect.serviceOption(client.transactionService), Option.isSome)

  /**
   * On a client that pipelines, a statement that waits holds up those behind it on its connection; appends wait for each
   * other, so they take a connection of their own.
   */
  const exclusiveQuery = <Row extends object>(
    text: string,
    parameters: ReadonlyArray<unknown>
  ): Effect.Effect<ReadonlyArray<Row>, EventStoreError> =>
    Effect.flatMap(inTransaction, (inTransaction) =>
      inTransaction || client.config.multiplex !== true
        ? query<Row>(text, parameters)
        : client.reserve.pipe(
          Effect.flatMap((connection) => connection.execute(text, parameters, undefined)),
          Effect.scoped,
          Effect.mapError(toStoreError)
        ))

  /** Many appends, to different streams, in one round trip. */
  const appendBatch = (appends: ReadonlyArray<Append>) =>
    Effect.map(
      exclusiveQuery<AppendRow>(statement.append, appendParameters(appends)),
      (rows) => appendOutcomes(appends, rows)
    )

  return {
    append: (append) => Effect.map(appendBatch([append]), ([outcome]) => outcome!),
    readStream: ({ after, limit, stream }) =>
      Effect.map(
        query<Maybe<EventRow> & { readonly stream_version: bigint }>(
          statement.readStream,
          [stream.tenant, stream.category, stream.id, BigInt(after), limit]
        ),
        (rows) => ({
          version: Number(rows[0]?.stream_version ?? 0),
          events: rows.filter(isEvent).map((row) => storedEvent(stream, row))
        })
      ),
    readLog: ({ after, categories, limit, tenant }) =>
      Effect.map(
        query<Maybe<EventRow> & { log_end: bigint; category: string; stream_id: string }>(
          statement.readLog,
          [tenant, categories, BigInt(after), limit]
        ),
        (rows) => ({
          end: Number(rows[0]?.log_end ?? 0),
          events: rows.filter(isEvent).map((row) =>
            storedEvent({ tenant, category: row.category, id: row.stream_id }, row)
          )
        })
      ),
    watch,
    inTransaction,
    ...Leases.make(client, statement)
  }
}
