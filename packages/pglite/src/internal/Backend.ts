/** The PostgreSQL that PGlite runs inside this process. */
import { PGlite } from "@electric-sql/pglite"
import type { PGliteOptions } from "@electric-sql/pglite"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { SqlError } from "effect/sql/SqlError"
import { DurableFileSystem } from "./DurableFileSystem.ts"
import { openError } from "./openError.ts"
import { ServerLog } from "./ServerLog.ts"

export interface Backend {
  /** Runs complete messages of the frontend, one call after the other, and hands out what the server answers. */
  readonly execute: (messages: Uint8Array) => Promise<ReadonlyArray<Buffer>>
}

const open = Effect.fnUntraced(function*(
  where: string,
  options?: () => PGliteOptions
): Effect.fn.Return<Backend, SqlError, Scope.Scope> {
  const log = new ServerLog()
  const database = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () => PGlite.create({ ...options?.(), onStderr: log.add }),
      catch: (cause) => openError(where, cause, log.reason())
    }),
    (database) => Effect.promise(() => database.close())
  )
  log.forget()
  return { execute: (messages) => database.runExclusive(() => execute(database, log, messages)) }
})

const execute = async (database: PGlite, log: ServerLog, messages: Uint8Array): Promise<ReadonlyArray<Buffer>> => {
  const output: Array<Buffer> = []
  // A server that has crashed would never return from another call.
  if (!log.crashed) {
    log.forget()
    // The other method, `execProtocolRaw`, keeps every message it has ever parsed. The bytes are a view into the
    // memory of the server, which overwrites them.
    await database.execProtocolRawStream(messages, { onRawData: (bytes) => output.push(Buffer.from(bytes)) })
  }
  if (log.crashed) throw new Error(`The database has crashed: ${log.reason() ?? "the server aborted"}`)
  return output
}

export const inMemory: Effect.Effect<Backend, SqlError, Scope.Scope> = open("a database in memory")

export const inFolder = (folder: string): Effect.Effect<Backend, SqlError, Scope.Scope> =>
  open(`"${folder}"`, () => ({
    fs: new DurableFileSystem(folder),
    startParams: [
      // `-F` turns fsync off. The default method is fdatasync, which is a stub in this build.
      ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"),
      "-c",
      "wal_sync_method=fsync"
    ]
  }))
