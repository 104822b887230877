import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import { inject } from "vitest"
import * as TestDatabase from "./TestDatabase.ts"
import * as TestServer from "./TestServer.ts"

const connect = (url: string) => PgClient.layer({ url: Redacted.make(url), maxConnections: 1 })

const databases = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ readonly datname: string }>`select datname from pg_database`
  return rows.map(({ datname }) => datname)
}).pipe(Effect.provide(connect(inject("postgresUrl"))))

const names: Array<string> = []
for (const file of ["one test file", "another test file"]) {
  layer(TestDatabase.layer, { excludeTestServices: true })(`A database for ${file}`, (it) => {
    it.effect("is its own and empty", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const { name } = yield* TestDatabase.TestDatabase
        assert.notInclude(names, name)
        names.push(name)
        assert.deepStrictEqual(yield* sql`select current_database() as name`, [{ name }])
        assert.deepStrictEqual(yield* sql`select relname from pg_class where relnamespace = 'public'::regnamespace`, [])
        yield* sql`create table only_here (id int)`
      }))

    it.effect("can be reached by further clients and at its url", () =>
      Effect.gen(function*() {
        const { name, url } = yield* TestDatabase.TestDatabase
        for (const client of [TestDatabase.client({ maxConnections: 1 }), connect(url)]) {
          const found = yield* Effect.gen(function*() {
            const sql = yield* SqlClient.SqlClient
            return yield* sql`select current_database() as name, count(*) as n from only_here`
          }).pipe(Effect.provide(client))
          assert.deepStrictEqual(found, [{ name, n: 0n }])
        }
      }))
  })
}

it.live("A database is dropped at the end of its scope, although somebody is still connected", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { name, url } = yield* Scope.provide(TestDatabase.make, scope)
    yield* Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`select 1`
      assert.include(yield* databases, name)
      yield* Scope.close(scope, Exit.void)
      assert.notInclude(yield* databases, name)
    }).pipe(Effect.provide(connect(url)))
  }))

it.live("Databases left behind by killed test runs are dropped hours later", () =>
  Effect.gen(function*() {
    const serverUrl = inject("postgresUrl")
    const secondsAgo = (hours: number) => Math.floor(Date.now() / 1000) - hours * 3600
    const stale = `refold_test_${secondsAgo(7)}_1_${process.pid.toString(16)}`
    const recent = `refold_test_${secondsAgo(1)}_1_${process.pid.toString(16)}`
    const foreign = `refold_test_data_${process.pid}`
    const all = [stale, recent, foreign]
    yield* Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* Effect.acquireRelease(
        Effect.forEach(all, (name) => sql`create database ${sql(name)} template template0`.unprepared),
        () =>
          Effect.orDie(Effect.forEach(all, (name) => sql`drop database if exists ${sql(name)} with (force)`.unprepared))
      )
      yield* TestServer.dropStaleDatabases(serverUrl, "6 hours")
      const left = yield* databases
      assert.deepStrictEqual(all.filter((name) => left.includes(name)), [recent, foreign])
    }).pipe(Effect.scoped, Effect.provide(connect(serverUrl)))
  }))
