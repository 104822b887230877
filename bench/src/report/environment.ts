/** Where the numbers come from: without it they mean nothing. */
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { createRequire } from "node:module"
import * as Os from "node:os"
import type { BenchFailure } from "../BenchFailure.ts"
import { withClient } from "../withClient.ts"

const packages = [
  "@event-driven-io/emmett",
  "@event-driven-io/emmett-postgresql",
  "@effect/sql-pg",
  "effect",
  "pg"
]

const settings = [
  "fsync",
  "full_page_writes",
  "synchronous_commit",
  "wal_sync_method",
  "shared_buffers",
  "max_wal_size",
  "checkpoint_timeout",
  "max_connections",
  "autovacuum",
  "jit"
]

/** The version of an installed package, read from the folder it was found in. */
const packageVersion = (name: string): string => {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? []
  for (const folder of folders) {
    try {
      const { version } = JSON.parse(Fs.readFileSync(`${folder}/${name}/package.json`, "utf8"))
      return `${name} ${version}`
    } catch {
      continue
    }
  }
  return `${name} (unknown)`
}

/** Lines of facts: the machine, the server and its settings, the versions of all packages. */
export const describe = (url: string): Effect.Effect<ReadonlyArray<string>, BenchFailure> =>
  withClient(url, (sql) =>
    Effect.gen(function*() {
      const [server] = yield* sql.unsafe<{ readonly version: string }>("select version()")
      const rows = yield* sql.unsafe<{ readonly name: string; readonly setting: string }>(
        "select name, current_setting(name) as setting from pg_settings where name = any($1) order by name",
        [settings]
      )
      const cpus = Os.cpus()
      const [load] = Os.loadavg()
      return [
        `Machine: ${cpus.length} × ${cpus[0]?.model.trim() ?? "unknown"}, ` +
        `${(Os.totalmem() / 2 ** 30).toFixed(0)} GiB, ${Os.type()} ${Os.release()}; load before the run ${
          load?.toFixed(2)
        }`,
        `Server: ${server?.version}`,
        `Settings: ${rows.map(({ name, setting }) => `${name} = ${setting}`).join(", ")}`,
        `Client: Node.js ${process.version}, ${packages.map(packageVersion).join(", ")}`
      ]
    }))
