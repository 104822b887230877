import { assert, layer } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import * as TestDatabase from "../support/TestDatabase.ts"
import { openTransaction, startProcess } from "./fixtures/database.ts"
import { create, freshId, makeLead } from "./fixtures/domain.ts"

const lead = makeLead()

/** Runs in an empty database of its own. */
const inEmptyDatabase = Effect.provide(Layer.fresh(TestDatabase.layer))

/** All that a schema holds: an object that was made again would have another oid. */
const objects = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql<{ readonly name: string; readonly oid: number }>`
    select relname as name, oid::integer from pg_class where relnamespace = 'refold'::regnamespace
    union all
    select proname, oid::integer from pg_proc where pronamespace = 'refold'::regnamespace
    union all
    select tgname, oid::integer from pg_trigger where not tgisinternal
    order by name`)

layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("the tables", (it) => {
  it.effect("are made once by ten processes that start at once on an empty database, and all ten work", () =>
    Effect.gen(function*() {
      const processes = yield* Effect.forEach(
        Array.from({ length: 10 }),
        () => startProcess({ client: { maxConnections: 1 }, store: { listen: false } }),
        { concurrency: "unbounded" }
      )
      const ids = yield* Effect.forEach(processes, ({ lead, run }) => {
        const id = freshId()
        return Effect.as(run(lead.execute(id, create)), id)
      }, { concurrency: "unbounded" })
      for (const id of ids) assert.strictEqual((yield* processes[0]!.run(lead.load(id))).version, 1)
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(yield* sql`select migration_id, name from refold.migrations`, [
        { migration_id: 1, name: "events" }
      ])
      assert.deepStrictEqual((yield* objects).map(({ name }) => name), [
        "append",
        "append_one",
        "discard",
        "event_id_once",
        "events",
        "events_pkey",
        "live_versions",
        "live_versions_pkey",
        "locks",
        "locks_pkey",
        "migrations",
        "migrations_pkey",
        "parked",
        "parked_by_stream",
        "parked_pkey",
        "parked_to_retry",
        "partitions",
        "partitions_pkey",
        "positions",
        "refuse_rewriting",
        "refuse_rewriting",
        "refuse_truncating",
        "snapshots",
        "snapshots_pkey",
        "version_once",
        "view_rows",
        "view_rows_by_due",
        "view_rows_by_position",
        "view_rows_pkey",
        "views",
        "workers",
        "workers_pkey"
      ])
    }).pipe(inEmptyDatabase))

  it.effect("are left alone by a second start", () =>
    Effect.gen(function*() {
      const first = yield* startProcess()
      const before = yield* objects
      yield* first.run(lead.execute("1", create))
      const second = yield* startProcess()
      assert.deepStrictEqual(yield* objects, before)
      assert.strictEqual((yield* second.run(lead.load("1"))).version, 1)
    }).pipe(inEmptyDatabase))

  it.effect("that are up to date keep nobody from starting, whatever reads or dumps them meanwhile", () =>
    Effect.gen(function*() {
      const { run } = yield* startProcess({ store: { schema: "dumped" } })
      const dump = yield* run(openTransaction)
      yield* dump.run(
        SqlClient.SqlClient.use((sql) => sql`lock table dumped.migrations, dumped.events in access share mode`)
      )
      const client = { startupParameters: { lock_timeout: "1s" } }
      const started = yield* startProcess({ client, store: { schema: "dumped" } })
      assert.strictEqual((yield* started.run(lead.execute("1", create))).version, 1)
      yield* dump.rollback
    }))

  it.effect("in two schemas of a database are two stores", () =>
    Effect.gen(function*() {
      const [one, two] = [
        yield* startProcess({ store: { schema: "one" } }),
        yield* startProcess({ store: { schema: "two" } })
      ]
      yield* one.run(lead.execute("1", create))
      assert.strictEqual((yield* two.run(lead.load("1"))).version, 0)
      assert.strictEqual((yield* two.run(lead.execute("1", create))).version, 1)
      for (const { run } of [one, two]) {
        const log = yield* run(EventStore.use((store) => Stream.runCollect(store.readAll([lead]))))
        assert.strictEqual(log.length, 1)
      }
    }))

  it.effect("may be in a schema that is called like a word of SQL", () =>
    Effect.gen(function*() {
      const { lead, run } = yield* startProcess({ store: { schema: "order", pollInterval: "1 hour" } })
      const subscriber = yield* EventStore.use((store) => Stream.runCollect(Stream.take(store.subscribe([lead]), 1)))
        .pipe(run, Effect.forkChild)
      yield* run(lead.execute("1", create))
      assert.strictEqual((yield* Fiber.join(subscriber)).length, 1)
    }))

  it.effect("are not looked for on a client whose only connection LISTEN would take", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(startProcess({ client: { maxConnections: 1 } }))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "LISTEN would take the only connection")
    }))

  it.effect("are not made in a schema whose name would have to be quoted", () =>
    Effect.gen(function*() {
      for (const schema of ["quoted\"name", "Upper", "1st", "a.b", "", "drop table", "x".repeat(52)]) {
        const exit = yield* Effect.exit(startProcess({ store: { schema } }))
        assert.include(
          Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "",
          `"${schema}" cannot be the name of the schema`
        )
      }
    }))

  it.effect("are asked for, with what to do, if they were to be there already", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(startProcess({ store: { migrate: false } }))
      assert.strictEqual(error._tag, "MigrationError")
      assert.strictEqual(
        error.message,
        "The schema \"refold\" has no event store yet. Start once with `migrate: true`, or run `refold migrate`, " +
          "as a role that may create it"
      )
      yield* startProcess()
      const { lead, run } = yield* startProcess({ store: { migrate: false } })
      assert.strictEqual((yield* run(lead.execute("1", create))).version, 1)
    }).pipe(inEmptyDatabase))

  it.effect("have every column that cannot be added to old events later", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* startProcess()
      const columns = yield* sql<{ readonly name: string; readonly type: string; readonly nullable: boolean }>`
        select attname::text as name, format_type(atttypid, atttypmod) as type, not attnotnull as nullable
        from pg_attribute where attrelid = 'refold.events'::regclass and attnum > 0 and not attisdropped`
      assert.deepStrictEqual(Object.fromEntries(columns.map(({ name, type }) => [name, type])), {
        tenant: "text",
        category: "text",
        stream_id: "text",
        version: "bigint",
        position: "bigint",
        event_id: "uuid",
        type: "text",
        schema_version: "integer",
        data: "json",
        metadata: "json",
        recorded_at: "timestamp with time zone"
      })
      assert.deepStrictEqual(columns.filter(({ nullable }) => nullable), [])
    }))
})
