/** The demo in a process of its own, started the way `npm run demo:wallet` starts it. */
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import * as Path from "node:path"

const root = Path.resolve(import.meta.dirname, "../../..")
const main = Path.join(root, "examples/wallet/src/main.ts")

/** What the demo reads when it is told nothing else. */
export const scenario = Path.join(root, "examples/wallet/scenario/half-year.jsonl")

/** Runs the demo to its end. */
export const run = (args: ReadonlyArray<string>, given: Record<string, string> = {}) =>
  Effect.promise(() => {
    const { FORCE_COLOR: _, NODE_OPTIONS: __, NO_COLOR: ___, ...inherited } = process.env
    // Starts in half the time: the TypeScript is stripped and compiled once for all runs.
    const env = { ...inherited, NODE_COMPILE_CACHE: Path.join(root, "node_modules/.cache/wallet-demo"), ...given }
    return new Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }>((resolve) =>
      execFile(
        process.execPath,
        ["--conditions=@refold/source", main, ...args],
        { cwd: root, env },
        (error, stdout, stderr) => resolve({ code: error === null ? 0 : error.code, stdout, stderr })
      )
    )
  })

/** The cells of the table with this title. */
export const table = (stdout: string, title: string): ReadonlyArray<ReadonlyArray<string>> => {
  const lines = stdout.split("\n")
  const drawn = lines.slice(lines.findIndex((line) => line.startsWith(title)) + 1)
  const rows = drawn.slice(0, drawn.findIndex((line) => line.startsWith("└"))).filter((line) => line.startsWith("│"))
  return rows.slice(1).map((line) => line.split("│").slice(1, -1).map((cell) => cell.trim()))
}
