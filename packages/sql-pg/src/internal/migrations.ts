import * as Effect from "effect/Effect"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { appendFunction } from "./sql/append.ts"
import { schema } from "./sql/schema.ts"

/** Creates the schema and brings its tables up to date. Any number of processes may do so at once. */
export const migrate = (
  name: string
): Effect.Effect<void, Migrator.MigrationError | SqlError, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const runAll = (statements: ReadonlyArray<string>) =>
      Effect.forEach(statements, (statement) => sql.unsafe(statement).unprepared, { discard: true })

    // "if not exists" alone still fails when two processes get there together
    yield* sql.unsafe(`do $$ begin
      perform pg_advisory_xact_lock(hashtextextended('refold:migrate:${name}', 0));
      create schema if not exists ${name};
      create table if not exists ${name}.migrations (
        migration_id integer primary key,
        created_at timestamptz not null default now(),
        name text not null
      );
    end $$`).unprepared

    yield* Migrator.make({})({
      table: `${name}.migrations`,
      loader: Migrator.fromRecord({
        "0001_streams_and_events": runAll([...schema(name), appendFunction(name)])
      })
    })
  })
