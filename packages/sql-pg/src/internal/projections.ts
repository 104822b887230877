import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as SqlClient from "effect/sql/SqlClient"
import type { EventStoreError } from "refold/EventStoreError"
import {
  type Claim,
  type ParkedEvent,
  PartitionLost,
  PartitionsDiffer,
  type PartitionStatus,
  type ProjectionId,
  ProjectionStore,
  type Status,
  type StoredRow
} from "refold/ProjectionStore"
import { toStoreError, transact } from "./errors.ts"
import { projectionStatements } from "./sql/projections.ts"

interface ClaimRow {
  readonly partition: number
  readonly token: bigint
  readonly position: bigint
  readonly until: bigint | null
  readonly gate: bigint
  readonly may_retry: boolean
}

interface ParkedRow {
  readonly partition: number
  readonly position: bigint
  readonly tenant: string
  readonly category: string
  readonly stream_id: string
  readonly event_version: bigint
  readonly type: string
  readonly error: string
  readonly is_skipped: boolean
  readonly is_to_retry: boolean
  readonly parked_at: Date
}

interface StatusRow {
  readonly projection: string
  readonly version: number
  readonly partition: number
  readonly status: Status
  readonly position: bigint
  readonly handled: bigint
  readonly moved_at: Date | null
  readonly error: string | null
  readonly owner: string | null
  readonly is_live: boolean
  readonly log_end: bigint
  readonly behind_since: Date | null
  readonly parked: number
}

interface ViewRow {
  readonly tenant: string
  readonly key: string
  readonly position: bigint
  readonly state: string | null
}

const instant = (date: Date | null) => date === null ? undefined : DateTime.makeUnsafe(date)

/** Projections in the database: what a handler writes there is committed together with its position. */
export const make = (
  sql: SqlClient.SqlClient,
  schema: string,
  watch: Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
): ProjectionStore["Service"] => {
  const statement = projectionStatements(schema)
  const query = <Row extends object>(
    text: string,
    { name, version }: ProjectionId,
    parameters: ReadonlyArray<unknown> = []
  ): Effect.Effect<ReadonlyArray<Row>, EventStoreError> =>
    Effect.mapError(sql.unsafe<Row>(text, [name, version, ...parameters]), toStoreError)
  const execute = (text: string, id: ProjectionId, parameters?: ReadonlyArray<unknown>) =>
    Effect.asVoid(query(text, id, parameters))

  return ProjectionStore.of({
    register: Effect.fnUntraced(function*(id, { categories, partitions }) {
      yield* execute(statement.register, id, [partitions ?? 1, categories])
      const [row] = yield* query<{ readonly partitions: number }>(statement.countPartitions, id)
      const stored = row?.partitions ?? 0
      if (partitions !== undefined && partitions !== stored) {
        return yield* new PartitionsDiffer({
          projection: { name: id.name, version: id.version },
          stored,
          asked: partitions
        })
      }
    }),

    claim: Effect.fnUntraced(function*(id, { lease, worker }) {
      const [row] = yield* query<{ readonly others: number; readonly before: number }>(statement.greet, id, [
        worker,
        lease
      ])
      const [counted] = yield* query<{ readonly partitions: number; readonly mine: number }>(
        statement.renew,
        id,
        [worker, lease]
      )
      const workers = 1 + (row?.others ?? 0)
      const { mine, partitions } = counted ?? { mine: 0, partitions: 0 }
      const share = Math.floor(partitions / workers) + ((row?.before ?? 0) < partitions % workers ? 1 : 0)
      if (mine < share) yield* execute(statement.acquire, id, [worker, lease, share - mine])
      const claims = yield* query<ClaimRow>(statement.claims, id, [worker])
      return {
        claims: claims.map(claimOf),
        surplus: Math.max(0, claims.length - share)
      }
    }),

    release: (id, { partition, worker }) => execute(statement.release, id, [worker, partition ?? null]),

    commit: (id, { events, from, to, token }) => (work) =>
      query(statement.move, id, [id.partition, BigInt(token), BigInt(from), BigInt(to), events]).pipe(
        Effect.filterOrFail(
          (rows) => rows.length === 1,
          () => new PartitionLost({ name: id.name, version: id.version, partition: id.partition })
        ),
        Effect.andThen(work),
        transact(sql)
      ),

    stop: (id, token, error) => execute(statement.stop, id, [id.partition, BigInt(token), withoutNul(error)]),

    park: (events) => {
      const [first] = events
      if (first === undefined) return Effect.void
      const rows = events.map(({ error, eventVersion, isSkipped, partition, position, stream, type }) => ({
        partition,
        position,
        tenant: stream.tenant,
        category: stream.category,
        streamId: stream.id,
        eventVersion,
        type,
        error: withoutNul(error),
        isSkipped
      }))
      return execute(statement.park, first, [JSON.stringify(rows)])
    },

    parked: (of) =>
      Effect.map(
        query<ParkedRow>(statement.parked, of, [of.partition ?? null]),
        (rows) =>
          rows.map((row): ParkedEvent & { readonly isToRetry: boolean } => ({
            name: of.name,
            version: of.version,
            partition: row.partition,
            stream: { tenant: row.tenant, category: row.category, id: row.stream_id },
            eventVersion: Number(row.event_version),
            position: Number(row.position),
            type: row.type,
            error: row.error,
            isSkipped: row.is_skipped,
            isToRetry: row.is_to_retry,
            parkedAt: DateTime.makeUnsafe(row.parked_at)
          }))
      ),

    unpark: (id, positions) => execute(statement.unpark, id, [positions.map(BigInt)]),

    retryParked: (id, { stream, wish }) =>
      execute(statement.retryParked, id, [wish, stream?.tenant ?? null, stream?.category ?? null, stream?.id ?? null]),

    list: (name) =>
      Effect.map(
        Effect.mapError(sql.unsafe<StatusRow>(statement.list, [name ?? null]), toStoreError),
        (rows) =>
          rows.map((row): PartitionStatus => ({
            name: row.projection,
            version: row.version,
            partition: row.partition,
            status: row.status,
            position: Number(row.position),
            end: Number(row.log_end),
            behindSince: instant(row.behind_since),
            handled: Number(row.handled),
            movedAt: instant(row.moved_at),
            owner: row.owner ?? undefined,
            error: row.error ?? undefined,
            parked: row.parked,
            isLive: row.is_live
          }))
      ),

    setStatus: (id, status, options = {}) =>
      execute(statement.setStatus, id, [
        status,
        "until" in options,
        options.until === undefined ? null : BigInt(options.until),
        options.gate === undefined ? null : BigInt(options.gate)
      ]),

    cap: (id) =>
      Effect.andThen(execute(statement.lockAll, id), query<{ readonly until: bigint }>(statement.cap, id)).pipe(
        Effect.map(([row]) => Number(row?.until ?? 0)),
        transact(sql)
      ),

    lock: (id) =>
      Effect.map(
        query<ClaimRow>(statement.lock, id, [id.partition]),
        ([row]) => row === undefined ? undefined : claimOf(row)
      ),

    moveTo: (id, position) => execute(statement.moveTo, id, [BigInt(position)]),
    makeLive: (id) => execute(statement.makeLive, id),
    liveVersion: (name) =>
      Effect.map(
        Effect.mapError(sql.unsafe<{ readonly version: number }>(statement.liveVersion, [name]), toStoreError),
        ([row]) => row?.version
      ),
    drop: (id) => execute(statement.drop, id),

    rows: (id, keys) =>
      Effect.map(
        query<ViewRow>(statement.rows, id, [keys.map(({ tenant }) => tenant), keys.map(({ key }) => key)]),
        (rows) => rows.map(stored)
      ),

    saveRows: (id, rows) =>
      execute(statement.saveRows, id, [
        rows.map(({ tenant }) => tenant),
        rows.map(({ key }) => key),
        rows.map(({ position }) => BigInt(position)),
        rows.map(({ state }) => state)
      ]),

    page: (id, { afterKey, key, limit, tenant }) =>
      Effect.map(
        query<
          Omit<ViewRow, "key" | "tenant"> & {
            readonly reached: bigint
            readonly is_readable: boolean
            readonly key: string | null
          }
        >(statement.page, id, [tenant, afterKey ?? null, limit, key ?? null]),
        (rows) => ({
          position: Number(rows[0]?.reached ?? 0),
          isReadable: rows[0]?.is_readable ?? false,
          rows: rows.flatMap(({ key, position, state }) =>
            key === null ? [] : [{ tenant, key, position: Number(position), state }]
          )
        })
      ),

    changes: (id, { after, limit, tenant }) =>
      Effect.map(query<ViewRow>(statement.changes, id, [tenant, BigInt(after), limit]), (rows) => rows.map(stored)),

    watch,
    transact: transact(sql)
  })
}

const claimOf = ({ gate, may_retry, partition, position, token, until }: ClaimRow): Claim => ({
  partition,
  token: Number(token),
  position: Number(position),
  until: until === null ? undefined : Number(until),
  gate: Number(gate),
  mayRetry: may_retry
})

const stored = ({ key, position, state, tenant }: ViewRow): StoredRow => ({
  tenant,
  key,
  position: Number(position),
  state
})

/** Text in PostgreSQL has no NUL. */
const withoutNul = (text: string): string => text.replaceAll("\0", "\\0")
