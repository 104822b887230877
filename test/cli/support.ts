/** The command line in a process of its own. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { createInterface } from "node:readline"

const root = Path.resolve(import.meta.dirname, "../..")
const main = Path.join(root, "packages/cli/src/internal/main.ts")

export interface Ended {
  /** `null` if it was killed. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const start = (args: ReadonlyArray<string>, env: Record<string, string>) => {
  const { DATABASE_URL: _, FORCE_COLOR: __, NODE_OPTIONS: ___, PGDATABASE: ____, PGHOST: _____, ...inherited } =
    process.env
  const child = spawn(process.execPath, ["--conditions=@refold/source", main, ...args], {
    env: { ...inherited, NO_COLOR: "1", NODE_COMPILE_CACHE: Path.join(root, "node_modules/.cache/cli"), ...env }
  })
  child.stdin.on("error", () => {})
  return child
}

/** Runs it to its end with this on its standard input. */
export const refold = (
  args: ReadonlyArray<string>,
  { env = {}, input = "" }: { readonly env?: Record<string, string>; readonly input?: string } = {}
): Effect.Effect<Ended> =>
  Effect.callback((resume) => {
    const child = start(args, env)
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (chunk) => stdout += chunk)
    child.stderr.setEncoding("utf8").on("data", (chunk) => stderr += chunk)
    child.once("close", (code) => resume(Effect.succeed({ code, stdout, stderr })))
    child.stdin.end(input)
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** Starts it and hands out its lines as they come; it is killed when the scope closes. */
export const following = (
  args: ReadonlyArray<string>
): Effect.Effect<{ readonly line: Effect.Effect<string> }, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(Effect.sync(() => start(args, {})), (child) => Effect.sync(() => child.kill("SIGKILL"))),
    (child) => {
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
      return { line: Effect.promise(async () => (await lines.next()).value ?? "") }
    }
  )

/** An empty folder, which is removed when the scope closes. */
export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "refold-cli-"))),
  (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true }))
)
