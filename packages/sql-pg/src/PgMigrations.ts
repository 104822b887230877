/**
 * The tables of the store, for those who bring them up to date apart from the start of their programs.
 *
 * @since 0.1.0
 */
import type * as PgClient from "@effect/sql-pg/PgClient"
import type * as Effect from "effect/Effect"
import type { MigrationError } from "effect/sql/Migrator"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Migrations from "./internal/migrations.ts"

/**
 * Creates the schema, or brings its tables up to date. Any number of processes may do so at once.
 *
 * @category migrating
 * @since 0.1.0
 */
export const migrate = (
  schema = "refold"
): Effect.Effect<void, MigrationError | SqlError, PgClient.PgClient | SqlClient> => Migrations.migrate(schema)

/**
 * The script that creates the schema where there is none, to be looked at or run by somebody else: one transaction.
 *
 * @category migrating
 * @since 0.1.0
 */
export const script = (schema = "refold"): string => Migrations.script(schema)
