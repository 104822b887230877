import { assert, layer } from "@effect/vitest"
import { PgEventStore } from "@refold/sql-pg"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { EventStoreError } from "refold/EventStoreError"
import * as Projections from "refold/Projections"
import { type ProjectionId, ProjectionStore } from "refold/ProjectionStore"
import * as TestDatabase from "../support/TestDatabase.ts"
import { startProcess, store, untilBlocked } from "./fixtures/database.ts"
import { freshId } from "./fixtures/domain.ts"

/** What is stored of a projection after an operator has acted while a batch of it was in hand, which writes new rows. */
const leftBehind = Effect.fnUntraced(function*(
  act: (self: ProjectionId) => Effect.Effect<void, EventStoreError, ProjectionStore>
) {
  const sql = yield* SqlClient.SqlClient
  const projections = yield* ProjectionStore
  const operator = yield* startProcess()
  const id = { name: `operated-${freshId()}`, version: 1 }
  yield* projections.register(id, { partitions: 1, categories: ["Account"] })
  const { claims: [claim] } = yield* projections.claim(id, { worker: "w", lease: 60_000 })
  const isWritten = yield* Deferred.make<void>()
  const mayEnd = yield* Deferred.make<void>()
  const partition = { ...id, partition: 0 }
  const stream = { tenant: "default", category: "Account", id: "1" }
  const batch = Effect.gen(function*() {
    yield* projections.saveRows(id, [{ tenant: "default", key: "new", position: 5, state: "1" }])
    yield* projections.park([
      { ...partition, stream, eventVersion: 1, position: 5, type: "Credited", error: "no", isSkipped: false }
    ])
    yield* Deferred.succeed(isWritten, undefined)
    yield* Deferred.await(mayEnd)
  })
  const move = { token: claim?.token ?? 0, from: 0, to: 5, events: 1 }
  const worker = yield* Effect.forkChild(projections.commit(partition, move)(batch))
  yield* Deferred.await(isWritten)
  const acting = yield* Effect.forkChild(operator.run(act(id)))
  yield* untilBlocked(operator)
  yield* Deferred.succeed(mayEnd, undefined)
  yield* Fiber.join(worker)
  yield* Fiber.join(acting)
  return yield* sql<{ readonly rows: number; readonly parked: number; readonly positions: ReadonlyArray<bigint> }>`
    select (select count(*)::int from refold.view_rows where view = ${id.name}) as rows,
      (select count(*)::int from refold.parked where projection = ${id.name}) as parked,
      array(select position from refold.partitions where projection = ${id.name}) as positions`
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("what a batch in hand has written", (it) => {
  it.effect("is dropped by a reset that waits for it, as all before it", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* leftBehind(Projections.reset), [{ rows: 0, parked: 0, positions: [0n] }])
    }))

  it.effect("is dropped with a version that is dropped meanwhile", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* leftBehind(Projections.drop), [{ rows: 0, parked: 0, positions: [] }])
    }))
})

/** One connection, so that it tells what its statements have read. */
const oneConnection = PgEventStore.layer({ listen: false }).pipe(
  Layer.provideMerge(TestDatabase.client({ maxConnections: 1 })),
  Layer.provideMerge(Layer.effect(TestDatabase.TestDatabase, TestDatabase.make))
)

layer(oneConnection, { excludeTestServices: true, timeout: "60 seconds" })("a list of projections", (it) => {
  it.effect("does not look through the log for events of a rare category, however far behind its partitions are", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const projections = yield* ProjectionStore
      yield* sql`alter table refold.events set (autovacuum_enabled = false)`
      yield* sql`insert into refold.events
          (position, tenant, category, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
        select n, 'default', 'Account', 'all', n, gen_random_uuid(), 'Credited', 1, '{}', '{}', to_timestamp(n)
        from generate_series(1, 20000) n`
      const read = Effect.gen(function*() {
        yield* sql`select pg_stat_force_next_flush()`
        const [row] = yield* sql<{ readonly read: number }>`select sum(idx_tup_read)::int as read
          from pg_stat_user_indexes where relname = 'events'`
        return row?.read ?? 0
      })
      yield* projections.register({ name: "rare", version: 1 }, { partitions: 4, categories: ["Rare"] })
      for (const [at, behind, since] of [[0, 20_000, 1001], [18_000, 2_000, 19_001], [19_500, 0, undefined]] as const) {
        yield* projections.moveTo({ name: "rare", version: 1 }, at)
        const before = yield* read
        const [partition] = yield* projections.list()
        assert.isAtMost((yield* read) - before, 6_000)
        assert.strictEqual(partition?.behind, behind)
        assert.strictEqual(partition?.behindSince?.epochMilliseconds, since === undefined ? undefined : since * 1_000)
      }
    }))
})
