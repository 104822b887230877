/**
 * The refold event store on PostgreSQL.
 *
 * @since 0.1.0
 */
export * as PgArchive from "./PgArchive.ts"
export * as PgEventStore from "./PgEventStore.ts"
export * as PgLog from "./PgLog.ts"
export * as PgMigrations from "./PgMigrations.ts"
export * as RowLevelSecurity from "./RowLevelSecurity.ts"
