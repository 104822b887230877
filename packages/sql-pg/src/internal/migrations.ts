import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { appendFunction } from "./sql/append.ts"
import { appendOneFunction } from "./sql/appendOne.ts"
import { discardFunction } from "./sql/discard.ts"
import { schema } from "./sql/schema.ts"

/** What each migration consists of, in their order. */
const migrations = (name: string): Readonly<Record<string, ReadonlyArray<string>>> => ({
  "0001_events": [...schema(name), appendFunction(name), appendOneFunction(name), discardFunction(name)]
})

/** The key of the lock under which the tables are changed. */
export const migrationLock = (name: string): string => `hashtextextended('refold:migrate:${name}', 0)`

/** Tables of one's own for what has been done, which "if not exists" alone does not make twice at once. */
const prepare = (name: string) =>
  `do $$ begin
      perform pg_advisory_xact_lock(${migrationLock(name)});
      if to_regnamespace('"${name}"') is null then
        create schema "${name}";
      end if;
      create table if not exists "${name}".migrations (
        migration_id integer primary key,
        created_at timestamptz not null default now(),
        name text not null
      );
    end $$`

/** All there is to run on a database that has nothing yet, as a script. */
export const script = (name: string): string =>
  [
    "begin",
    prepare(name),
    ...Object.entries(migrations(name)).flatMap(([key, statements]) => {
      const [number, title] = key.split("_")
      return [
        ...statements,
        `insert into "${name}".migrations (migration_id, name) values (${Number(number)}, '${title}')`
      ]
    }),
    "commit"
  ].map((statement) => `${statement};\n`).join("\n")

/** The last migration that was made. */
const latest = (sql: SqlClient.SqlClient, name: string): Effect.Effect<number, SqlError> =>
  Effect.gen(function*() {
    const [row] = yield* sql.unsafe<{ readonly there: boolean }>(
      `select to_regclass('"${name}".migrations') is not null as there`
    )
    const [latest] = row?.there === true
      ? yield* sql.unsafe<{ readonly id: number | null }>(`select max(migration_id) as id from "${name}".migrations`)
      : []
    return latest?.id ?? 0
  })

const needed = (name: string): number => Object.keys(migrations(name)).length

/** Fails with what to do unless the tables are there, and as this release needs them. */
export const check = (
  name: string
): Effect.Effect<void, Migrator.MigrationError | SqlError, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const found = yield* latest(sql, name)
    if (found >= needed(name)) return
    return yield* new Migrator.MigrationError({
      kind: "BadState",
      message: found === 0
        ? `The schema "${name}" has no event store yet. Start once with \`migrate: true\`, or run \`refold migrate\`, as a role that may create it`
        : `The schema "${name}" is older than this release: it is at migration ${found}, ${needed(name)} is needed. ` +
          `Start once with \`migrate: true\`, or run \`refold migrate\`, as its owner`
    })
  })

/**
 * Creates the schema and brings its tables up to date. Any number of processes may do so at once. Where there is nothing to
 * do, nothing is locked: a start would wait for a backup to end, as any long reader keeps the migrator from its table.
 */
export const migrate = (
  name: string
): Effect.Effect<void, Migrator.MigrationError | SqlError, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const runAll = (statements: ReadonlyArray<string>) =>
      Effect.forEach(statements, (statement) => sql.unsafe(statement).unprepared, { discard: true })

    if ((yield* latest(sql, name)) >= needed(name)) return
    yield* sql.unsafe(prepare(name)).unprepared

    yield* Migrator.make({})({
      table: `${name}.migrations`,
      loader: Migrator.fromRecord(Record.map(migrations(name), runAll))
    })
  })
