import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, layer } from "@effect/vitest"
import * as PglitePgClient from "@refold/pglite/PglitePgClient"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"

/** Loses the session: the bytes of this value are not the text that the client takes them for. */
const loseSession = Effect.flatMap(PgClient.PgClient, (sql) => Effect.exit(sql`select '72057594037927935'::xid8`))

/** Whether a transaction that has written something is still open. */
const inTransaction = Effect.flatMap(PgClient.PgClient, (sql) =>
  Effect.map(
    sql<{ open: boolean }>`select pg_current_xact_id_if_assigned() is not null as open`,
    ([row]) => row!.open
  ))

layer(PglitePgClient.layer(), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
  it.effect("Queries are answered with the types of a server", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      assert.deepStrictEqual(
        yield* sql`select ${42n} as big, ${sql.json({ a: [1] })} as json, ${["x", "y"]}::text[] as texts,
          ${new Date(0)} as at, ${Buffer.from("ab")} as bytes, ${null}::int as nothing`,
        [{
          big: 42n,
          json: { a: [1] },
          texts: ["x", "y"],
          at: new Date(0),
          bytes: new Uint8Array([97, 98]),
          nothing: null
        }]
      )
      assert.strictEqual(sql.driver, "pglite")
    }))

  it.effect("Errors of the server are told apart", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`create table unique_things (id int constraint only_once unique)`
      yield* sql`insert into unique_things values (1)`
      const duplicate = yield* Effect.flip(sql`insert into unique_things values (1)`)
      assert.deepInclude(duplicate.reason, { _tag: "UniqueViolation", constraint: "only_once" })
      const mistyped = yield* Effect.flip(sql`selec 1`)
      assert.strictEqual(mistyped.reason._tag, "SqlSyntaxError")
      const raised = yield* Effect.flip(sql`do $$ begin raise 'no' using errcode = 'RF001', detail = 'why'; end $$`)
      assert.deepInclude(raised.reason.cause, { code: "RF001", detail: "why" })
    }))

  it.effect("A transaction keeps all of its changes or none", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`create table transactional (id int)`
      yield* sql.withTransaction(sql`insert into transactional values (1)`)
      yield* Effect.flip(sql.withTransaction(sql`insert into transactional values (2)`.pipe(
        Effect.andThen(Effect.fail("changed my mind"))
      )))
      yield* Effect.flip(sql.withTransaction(sql`insert into transactional values (3)`.pipe(
        Effect.andThen(sql`select 1 / 0`)
      )))
      assert.deepStrictEqual(yield* sql`select id from transactional`, [{ id: 1 }])
    }))

  it.effect("A nested transaction is rolled back alone", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`create table nested (id int)`
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`insert into nested values (1)`
        yield* Effect.flip(sql.withTransaction(sql`insert into nested values (2)`.pipe(
          Effect.andThen(sql`select 1 / 0`)
        )))
        yield* sql`insert into nested values (3)`
      }))
      assert.deepStrictEqual(yield* sql`select id from nested order by id`, [{ id: 1 }, { id: 3 }])
    }))

  it.effect("Other fibers wait for an open transaction instead of joining it", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`create table isolated (id int)`
      const opened = yield* Deferred.make<void>()
      const gate = yield* Deferred.make<void>()
      const writer = yield* sql`insert into isolated values (1)`.pipe(
        Effect.andThen(Deferred.succeed(opened, undefined)),
        Effect.andThen(Deferred.await(gate)),
        Effect.andThen(Effect.fail("rolled back")),
        sql.withTransaction,
        Effect.flip,
        Effect.forkChild
      )
      yield* Deferred.await(opened)
      const reader = yield* Effect.forkChild(sql`select id from isolated`, { startImmediately: true })
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* Fiber.join(reader), [])
      yield* Fiber.join(writer)
    }))

  it.effect("A session that is lost inside a transaction leaves nothing behind", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`create table lost (id int)`
      yield* sql`create temporary table scratch (id int)`
      yield* sql`select * from scratch`
      yield* sql`set work_mem = '5MB'`
      yield* sql`select pg_advisory_lock(1)`
      const leftovers = sql`select
        (select count(*)::int from lost) as rows,
        to_regclass('scratch')::text as scratch,
        (select count(*)::int from pg_prepared_statements where statement = 'select * from scratch') as prepared,
        current_setting('work_mem') as memory,
        (select count(*)::int from pg_locks where locktype = 'advisory') as locks`
      assert.deepStrictEqual(
        yield* leftovers,
        [{ rows: 0, scratch: "scratch", prepared: 1, memory: "5MB", locks: 1 }]
      )
      yield* Effect.exit(sql.withTransaction(Effect.andThen(sql`insert into lost values (1)`, loseSession)))
      assert.isFalse(yield* inTransaction)
      assert.deepStrictEqual(yield* leftovers, [{ rows: 0, scratch: null, prepared: 0, memory: "4MB", locks: 0 }])
    }))

  it.effect("An interrupted fiber leaves the session usable, whether it waited for it or used it", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`create table interrupted (id int)`
      const opened = yield* Deferred.make<void>()
      const holder = yield* sql`insert into interrupted values (1)`.pipe(
        Effect.andThen(Deferred.succeed(opened, undefined)),
        Effect.andThen(Effect.never),
        sql.withTransaction,
        Effect.forkChild
      )
      yield* Deferred.await(opened)
      const waiting = yield* Effect.forkChild(sql`insert into interrupted values (2)`, { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(holder)
      const running = yield* Effect.forkChild(
        sql`insert into interrupted select 3 from generate_series(1, 100000)`.pipe(
          Effect.andThen(Effect.never),
          sql.withTransaction
        ),
        { startImmediately: true }
      )
      yield* Fiber.interrupt(running)
      assert.isFalse(yield* inTransaction)
      assert.deepStrictEqual(yield* sql`select count(*)::int as count from interrupted`, [{ count: 0 }])
    }))

  it.effect("A large result is streamed, and a stream may end early", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const rows = sql<{ id: number }>`select id, repeat('x', 200) as text from generate_series(1, 100000) id`.stream
      assert.strictEqual(yield* Stream.runFold(rows, () => 0, (sum, row) => sum + row.id), 5000050000)
      assert.deepStrictEqual(yield* rows.pipe(Stream.map((row) => row.id), Stream.take(3), Stream.runCollect), [
        1,
        2,
        3
      ])
      assert.deepStrictEqual(yield* sql`select 1 as one`, [{ one: 1 }])
    }))

  it.effect("Long parameters and results arrive whole", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const text = "0123456789".repeat(500_000)
      assert.deepStrictEqual(yield* sql`select ${text}::text as text`, [{ text }])
    }))
})
