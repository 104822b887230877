/**
 * The event store on PostgreSQL.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Reactivity from "effect/reactivity/Reactivity"
import type { MigrationError } from "effect/sql/Migrator"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as EventStore from "refold/EventStore"
import { ProjectionStore } from "refold/ProjectionStore"
import * as Driver from "./internal/driver.ts"
import * as Migrations from "./internal/migrations.ts"
import * as PgProjections from "./internal/projections.ts"
import { statements } from "./internal/sql/statements.ts"
import * as Watching from "./internal/watching.ts"

/**
 * How to keep the store. The defaults suit a server that is reached without a pooler.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The schema that holds the tables; `refold` by default. Lower-case letters, digits and underscores. */
  readonly schema?: string | undefined
  /** Whether to bring the tables up to date when the layer is built; `true` by default. */
  readonly migrate?: boolean | undefined
  /**
   * Whether to LISTEN for appends while somebody subscribes, on one connection per process; `true` by default. Turn it off
   * behind a pooler, and where the client has but one connection.
   */
  readonly listen?: boolean | undefined
  /**
   * How long a subscriber at the end of the log waits before it looks again unasked; one second by default. Without LISTEN
   * that is how late it may be.
   */
  readonly pollInterval?: Duration.Input | undefined
}

/**
 * Provides the store, and that of projections, on the database of the `PgClient` in the context.
 *
 * **Details**
 *
 * The appends of concurrent fibers share commits: while some are with the database, others gather. Each is accepted or
 * refused on its own. They take one or two connections of the pool for themselves; if the client shares connections among
 * reads (`multiplex: true`, a good setting), they have two of their own beside the pool. If a connection breaks in an append,
 * the database is asked what became of it, for up to ten seconds. When the layer is closed, what is under way is finished,
 * and what was not sent fails as `Unavailable`.
 *
 * An append inside `SqlClient.withTransaction` is part of that transaction. From the append to the end of the transaction
 * no other append can be committed: keep it short, append last, in all of them, so that two never wait for each other, and
 * guard against forgotten transactions with `idle_in_transaction_session_timeout`.
 *
 * **Gotchas**
 *
 * Dies if `schema` is not a plain identifier, and if LISTEN would take the only connection of the client. Made for READ
 * COMMITTED: in a transaction under a stricter level, an append that cannot see what it missed fails as `Unavailable`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  { listen = true, migrate = true, pollInterval = "1 second", schema = "refold" }: Options = {}
): Layer.Layer<
  EventStore.EventStore | ProjectionStore,
  MigrationError | SqlError,
  PgClient.PgClient | SqlClient
> =>
  Layer.effectContext(Effect.gen(function*() {
    if (!/^[a-z_][a-z0-9_]{0,50}$/.test(schema)) {
      return yield* Effect.die(
        new Error(`"${schema}" cannot be the name of the schema: use a-z, 0-9 and _, at most 51`)
      )
    }
    const client = yield* PgClient.PgClient
    // PGlite notifies without occupying its only session
    const { config, driver } = client
    if (
      listen && driver !== "pglite" && Predicate.hasProperty(config, "maxConnections") && config.maxConnections === 1
    ) {
      return yield* Effect.die(
        new Error("LISTEN would take the only connection: raise `maxConnections`, or turn `listen` off")
      )
    }
    const sql = client.withoutTransforms()
    yield* migrate ? Migrations.migrate(schema) : Migrations.check(schema)
    const statement = statements(schema)
    const watch = yield* Watching.make(client, schema, { listen, pollInterval })
    // to take a connection that others share for oneself, one has to wait until they are done with it
    const writer = config.multiplex === true
      ? yield* Effect.provide(
        PgClient.make({ ...config, multiplex: false, minConnections: 0, maxConnections: 2 }),
        Reactivity.layer
      )
      : sql
    const store = EventStore.make(yield* Driver.make(sql, writer, statement, watch.appends))
    return Context.make(EventStore.EventStore, store).pipe(
      Context.add(ProjectionStore, PgProjections.make(sql, schema, watch.moves))
    )
  }))
