/**
 * The refold event store on PostgreSQL.
 *
 * @since 0.1.0
 */
export * as PgEventStore from "./PgEventStore.ts"
export * as RowLevelSecurity from "./RowLevelSecurity.ts"
