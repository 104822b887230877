/**
 * An embedded PostgreSQL. PGlite runs the server inside the process and
 * `@effect/sql-pg`'s own `PgClient` talks to it in the wire protocol, so
 * statements, codecs, errors, transactions and streams are the ones of a
 * PostgreSQL server.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Reactivity from "effect/reactivity/Reactivity"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Backend from "./internal/Backend.ts"
import * as DataFolder from "./internal/DataFolder.ts"
import type { LockHolder } from "./internal/LockHolder.ts"
import * as Notifications from "./internal/Notifications.ts"
import { WireStream } from "./internal/WireStream.ts"

/**
 * Another database has the data folder open.
 *
 * **Details**
 *
 * `pid` and `host` name the process that holds the folder, and `lock` is the
 * path of its lock. A process on the same host that no longer runs never
 * causes this error: its lock is taken over.
 *
 * **Gotchas**
 *
 * Whether a process on another host still runs cannot be seen from here, so its
 * lock is respected until it is released or deleted.
 *
 * @category errors
 * @since 0.1.0
 */
export class PgliteLocked extends Schema.TaggedError<PgliteLocked>()("PgliteLocked", {
  dataDir: Schema.String,
  pid: Schema.Int,
  host: Schema.String,
  lock: Schema.String
}) {
  /**
   * Names the folder, its holder, and the way out.
   *
   * @since 0.1.0
   */
  override get message(): string {
    const holder = this.pid === process.pid && this.host === Os.hostname()
      ? `this process (pid ${this.pid})`
      : `process ${this.pid} on host "${this.host}"`
    return `PglitePgClient: the folder "${this.dataDir}" is in use by ${holder}. ` +
      `Close the database there or open another folder. If that process is gone, delete "${this.lock}".`
  }
}

/**
 * Where the embedded database keeps its data.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /**
   * The folder that holds the data. It is created when it is missing, with the
   * folders above it. Without a folder the data lives in memory and ends with
   * the client.
   */
  readonly dataDir?: string | undefined
}

/**
 * Opens an embedded PostgreSQL and creates a client for it. Closing the scope
 * closes the database.
 *
 * **Details**
 *
 * With a `dataDir`, an acknowledged commit is on disk: it survives a killed
 * process and, if the disk keeps its promises, a power loss. The statement
 * `set synchronous_commit = off` gives up the last moments before a power loss
 * for faster commits. A folder has one user at a time: opening it a second time
 * fails with `PgliteLocked`, and the lock of a process that was killed is taken
 * over.
 *
 * The database has one session. `listen` does not occupy it and `notify` takes
 * part in the surrounding transaction. `driver` is `"pglite"`.
 *
 * **Gotchas**
 *
 * - A transaction, a stream or a reserved connection keeps every other fiber
 *   waiting until it ends, and `listen` cannot be called inside a transaction.
 * - A statement blocks the event loop while it runs and cannot be cancelled.
 *   The rows of a stream are in memory before the first one is delivered.
 * - Advisory locks always succeed, because nobody else is connected.
 * - Opening takes some seconds when there is no data yet, and a few hundred
 *   milliseconds when there is. After a process was killed the whole folder is
 *   synced first, which takes as long as some thousand commits.
 * - Should the server crash, as it does when its log cannot be written, every
 *   statement fails with a `ConnectionError` until the database is opened anew.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options?: Options
): Effect.fn.Return<PgClient.PgClient, SqlError | PgliteLocked, Scope.Scope | Reactivity.Reactivity> {
  const backend = yield* options?.dataDir === undefined
    ? Backend.inMemory
    : openFolder(Path.resolve(options.dataDir))
  const notifications = Notifications.make()
  const client = yield* PgClient.make({
    username: "postgres",
    database: "postgres",
    // Settings and temporary tables live as long as the session, and there is only one.
    minConnections: 1,
    maxConnections: 1,
    stream: () => new WireStream(backend, notifications.deliver)
  })
  return Object.assign(client, {
    driver: "pglite",
    listen: yield* notifications.listener(client),
    // The stock one asks the pool for a connection even inside a transaction, and would wait for itself.
    notify: (channel: string, payload: string) => Effect.asVoid(client`SELECT pg_notify(${channel}, ${payload})`)
  })
})

const openFolder = (folder: string) =>
  DataFolder.open(
    folder,
    (holder: LockHolder, lock: string) =>
      new PgliteLocked({ dataDir: folder, pid: holder.pid, host: holder.host, lock })
  )

/**
 * Provides an embedded PostgreSQL as both `PgClient` and `SqlClient`.
 *
 * **When to use**
 *
 * Use where a PostgreSQL server would be too much: in tests, examples,
 * command-line tools and applications of one process. See `make` for what
 * differs from a server.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options?: Options
): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, SqlError | PgliteLocked> => PgClient.layerFrom(make(options))
