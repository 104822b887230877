import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as SqlClient from "effect/sql/SqlClient"
import type { EventStoreError } from "refold/EventStoreError"
import {
  type ParkedEvent,
  PartitionLost,
  PartitionsDiffer,
  type PartitionStatus,
  type ProjectionId,
  ProjectionStore
} from "refold/ProjectionStore"
import { toStoreError, transact } from "./errors.ts"
import { md5 } from "./md5.ts"
import { claimOf, type ClaimRow, type GreetRow, type ParkedRow, placeOf, type StatusRow } from "./projectionRows.ts"
import { projectionStatements } from "./sql/projections.ts"
import * as ViewRows from "./viewRows.ts"

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
  const liveVersion = (text: string, name: string) =>
    Effect.map(
      Effect.mapError(sql.unsafe<{ readonly version: number }>(text, [name]), toStoreError),
      ([row]) => row?.version
    )

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
      const [row] = yield* query<GreetRow>(statement.greet, id, [worker, lease])
      if (row === undefined) return { claims: [], surplus: 0 }
      const { before, free, mine, others, partitions } = row
      const workers = 1 + others
      const share = Math.floor(partitions / workers) + (before < partitions % workers ? 1 : 0)
      const more = Math.min(free, share - mine)
      if (more > 0) yield* execute(statement.acquire, id, [worker, more])
      if (mine === 0 && more <= 0) return { claims: [], surplus: 0 }
      const claims = yield* query<ClaimRow>(statement.claims, id, [worker])
      return { claims: claims.map(claimOf), surplus: Math.max(0, claims.length - share) }
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

    unpark: (id, positions) => execute(statement.unpark, id, [id.partition, positions.map(BigInt)]),
    dropParked: (id, positions) => execute(statement.dropParked, id, [positions.map(BigInt)]),

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
            behind: Number(row.behind),
            behindSince: instant(row.behind_since),
            handled: Number(row.handled),
            movedAt: instant(row.moved_at),
            owner: row.owner ?? undefined,
            error: row.error ?? undefined,
            parked: row.parked,
            isLive: row.is_live
          }))
      ),

    setStatus: (id, status) => execute(statement.setStatus, id, [status]),
    prepare: (id) => execute(statement.prepare, id),

    takeOver: (id, from) =>
      Effect.gen(function*() {
        if ((yield* liveVersion(statement.lockLive, id.name)) !== from) return false
        yield* execute(statement.lockAll, id, [from ?? null])
        return (yield* query(statement.takeOver, id, [from ?? null])).length > 0
      }).pipe(transact(sql)),

    partitionOf: ({ category, id, tenant }, partitions) =>
      Number.parseInt(md5(`${tenant}/${category}/${id}`).slice(0, 8), 16) % partitions,

    lock: (id) =>
      Effect.map(
        query<Omit<ClaimRow, "may_retry"> & { readonly is_parking: boolean }>(statement.lock, id, [id.partition]),
        ([row]) => row === undefined ? undefined : { ...placeOf(row), isParking: row.is_parking }
      ),

    moveTo: (id, position) =>
      Effect.andThen(execute(statement.lockAll, id, [null]), execute(statement.moveTo, id, [BigInt(position)])).pipe(
        transact(sql)
      ),
    liveVersion: (name) => liveVersion(statement.liveVersion, name),
    drop: (id) =>
      Effect.andThen(
        liveVersion(statement.lockLive, id.name),
        Effect.andThen(execute(statement.lockAll, id, [null]), execute(statement.drop, id))
      ).pipe(transact(sql)),

    ...ViewRows.make(query, schema),

    watch,
    transact: transact(sql)
  })
}

/** Text in PostgreSQL has no NUL. */
const withoutNul = (text: string): string => text.replaceAll("\0", "\\0")
