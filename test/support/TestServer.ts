/**
 * What the tests do with a PostgreSQL server as a whole: make databases, drop them, clean up after runs that were
 * killed.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as SqlError from "effect/sql/SqlError"
import * as Crypto from "node:crypto"

/** The same address with another database. */
const withDatabase = (url: string, database: string): string => {
  const result = new URL(url)
  result.pathname = `/${database}`
  result.searchParams.delete("dbname")
  return result.href
}

const administer = <A>(
  serverUrl: string,
  use: (sql: PgClient.PgClient) => Effect.Effect<A, SqlError.SqlError>
): Effect.Effect<A, SqlError.SqlError> =>
  Effect.flatMap(PgClient.PgClient, use).pipe(
    Effect.provide(PgClient.layer({ url: Redacted.make(serverUrl), maxConnections: 1 })),
    Effect.scoped
  )

const drop = (sql: PgClient.PgClient, name: string) => sql`drop database if exists ${sql(name)} with (force)`.unprepared

/** Makes an empty database and drops it when the scope closes, whoever is connected to it. Returns its address. */
export const makeDatabase = (serverUrl: string): Effect.Effect<string, SqlError.SqlError, Scope.Scope> =>
  Effect.suspend(() => {
    // The time is for `dropStaleDatabases`. It is not taken from Effect's clock, which tests may have replaced.
    const seconds = Math.floor(Date.now() / 1000)
    const name = `refold_test_${seconds}_${process.pid}_${Crypto.randomBytes(4).toString("hex")}`
    return Effect.acquireRelease(
      administer(serverUrl, (sql) => sql`create database ${sql(name)} template template0`.unprepared),
      () => Effect.orDie(administer(serverUrl, (sql) => drop(sql, name)))
    ).pipe(Effect.as(withDatabase(serverUrl, name)))
  })

/** Drops the databases left behind by test runs which were killed, if they are old enough not to be in use. */
export const dropStaleDatabases = (
  serverUrl: string,
  olderThan: Duration.Input
): Effect.Effect<void, SqlError.SqlError> =>
  administer(serverUrl, (sql) =>
    Effect.gen(function*() {
      const rows = yield* sql<{ readonly datname: string }>`select datname from pg_database`
      const newest = (Date.now() - Duration.toMillis(olderThan)) / 1000
      for (const { datname } of rows) {
        const made = /^refold_test_(\d+)_\d+_[0-9a-f]+$/.exec(datname)?.[1]
        if (made !== undefined && Number(made) < newest) yield* drop(sql, datname)
      }
    }))
