/**
 * A database of its own for each test file, on the server which `globalSetup.ts` provides.
 *
 * ```ts
 * layer(TestDatabase.layer, { excludeTestServices: true })("events", (it) => {
 *   it.effect("are counted", () => Effect.gen(function*() {
 *     const sql = yield* SqlClient.SqlClient
 *     const { url } = yield* TestDatabase.TestDatabase // for further clients and other processes
 *   }))
 * })
 * ```
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as SqlClient from "effect/sql/SqlClient"
import type * as SqlError from "effect/sql/SqlError"
import { inject } from "vitest"
import * as TestServer from "./TestServer.ts"

/** How to connect to the database. */
export class TestDatabase extends Context.Service<TestDatabase, {
  /** The name of the database. */
  readonly name: string
  /** Its address, in the form which `PgClient`, libpq and all others understand. */
  readonly url: string
}>()("refold/test/TestDatabase") {}

/** Makes an empty database, which is dropped when the scope closes. */
export const make: Effect.Effect<TestDatabase["Service"], SqlError.SqlError, Scope.Scope> = Effect.suspend(() =>
  TestServer.makeDatabase(inject("postgresUrl"))
).pipe(Effect.map((url) => ({ name: new URL(url).pathname.slice(1), url })))

/** A further client of the database of this test. */
export const client = (
  options?: Omit<PgClient.PgPoolConfig, "url">
): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, SqlError.SqlError, TestDatabase> =>
  Layer.unwrap(Effect.map(TestDatabase, ({ url }) => PgClient.layer({ ...options, url: Redacted.make(url) })))

/**
 * An empty database and a client of it. Each build of the layer makes another database; where one build would be
 * shared, as within one `Effect.provide`, use `Layer.fresh`.
 */
export const layer: Layer.Layer<TestDatabase | PgClient.PgClient | SqlClient.SqlClient, SqlError.SqlError> = client()
  .pipe(Layer.provideMerge(Layer.effect(TestDatabase, make)))
