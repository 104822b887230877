/** The demo in a process of its own, started the way `npm run demo:bank` starts it. */
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"

const root = Path.resolve(import.meta.dirname, "../../..")
const main = Path.join(root, "examples/bank/src/main.ts")

/** Runs it to its end. */
export const run = (...args: ReadonlyArray<string>) =>
  Effect.callback<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>((resume) => {
    const { FORCE_COLOR: _, NODE_OPTIONS: __, NO_COLOR: ___, ...env } = process.env
    const child = execFile(
      process.execPath,
      ["--conditions=@refold/source", main, ...args],
      { env },
      (_, stdout, stderr) => resume(Effect.succeed({ code: child.exitCode, stdout, stderr }))
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** An empty folder, which is removed when the scope closes. */
export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "refold-bank-"))),
  (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true }))
)
