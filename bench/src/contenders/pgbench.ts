/** What the server can do when nothing is written in JavaScript: one INSERT per append, sent by PostgreSQL's own tool. */
import * as Effect from "effect/Effect"
import { execFile, spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { promisify } from "node:util"
import * as Account from "../account.ts"
import { BenchFailure } from "../BenchFailure.ts"
import { type Appends, attempt, type Contender } from "./Contender.ts"
import * as Table from "./handwritten/table.ts"

const { data, type } = Table.encode(Account.opened("0-0-0"))

const script = `insert into events (stream, version, id, type, data, metadata)
  values (gen_random_uuid()::text, 1, gen_random_uuid(), '${type}', '${data}', '{}') returning position;`

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "refold-pgbench-"))),
  (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true }))
)

const pgbench: Contender<Appends> = {
  name: "pgbench",
  open: Effect.fnUntraced(function*({ url }) {
    const table = yield* Table.prepare(url, [])
    const file = Path.join(yield* temporaryFolder, "append.sql")
    yield* Effect.sync(() => Fs.writeFileSync(file, script))
    let rate = 0
    return {
      ...table,
      append: (turns) => {
        const clients = turns.length
        const each = turns[0]?.length ?? 0
        const threads = Math.min(clients, Os.availableParallelism())
        const args = ["-n", "-M", "prepared", "-c", clients, "-j", threads, "-t", each, "-f", file, url].map(String)
        return Effect.flatMap(attempt(() => promisify(execFile)("pgbench", args)), ({ stdout }) => {
          const processed = /actually processed: (\d+)/.exec(stdout)?.[1]
          const tps = /tps = ([\d.]+) \(without initial connection time\)/.exec(stdout)?.[1]
          if (processed === undefined || tps === undefined) {
            return Effect.fail(new BenchFailure({ message: `pgbench said something else: ${stdout}` }))
          }
          rate = Number(tps)
          return Effect.succeed(Number(processed))
        })
      },
      rate: () => rate
    }
  })
}

/** Empty where it is not installed. */
export const installed: ReadonlyArray<Contender<Appends>> = spawnSync("pgbench", ["--version"]).status === 0
  ? [pgbench]
  : []
