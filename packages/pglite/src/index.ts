/**
 * An embedded PostgreSQL: `@effect/sql-pg`'s `PgClient`, served by PGlite inside the process.
 *
 * @since 0.1.0
 */
export * as PglitePgClient from "./PglitePgClient.ts"
