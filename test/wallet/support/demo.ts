/** The demo in a process of its own, started the way `npm run demo:wallet` starts it. */
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import * as Path from "node:path"

const root = Path.resolve(import.meta.dirname, "../../..")
const main = Path.join(root, "examples/wallet/src/main.ts")

/** What the demo reads when it is told nothing else. */
export const scenario = Path.join(root, "examples/wallet/scenario/half-year.jsonl")

/** Runs the demo to its end; or kills it, without warning, when it has printed so many lines. */
export const run = (
  args: ReadonlyArray<string>,
  { env, killAfter = Infinity }: { readonly env?: Record<string, string>; readonly killAfter?: number } = {}
) =>
  Effect.promise(() => {
    const { FORCE_COLOR: _, NODE_OPTIONS: __, NO_COLOR: ___, ...inherited } = process.env
    return new Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>(
      (resolve) => {
        const child = spawn(process.execPath, ["--conditions=@refold/source", main, ...args], {
          cwd: root,
          // Starts in half the time: the TypeScript is stripped and compiled once for all runs.
          env: { ...inherited, NODE_COMPILE_CACHE: Path.join(root, "node_modules/.cache/wallet-demo"), ...env },
          stdio: ["ignore", "pipe", "pipe"]
        })
        let [stdout, stderr] = ["", ""]
        child.stdout.setEncoding("utf8").on("data", (chunk) => {
          stdout += chunk
          if (stdout.split("\n").length > killAfter) child.kill("SIGKILL")
        })
        child.stderr.setEncoding("utf8").on("data", (chunk) => stderr += chunk)
        child.once("close", (code) => resolve({ code, stdout, stderr }))
      }
    )
  })

/** The cells of the table with this title. */
export const table = (stdout: string, title: string): ReadonlyArray<ReadonlyArray<string>> => {
  const lines = stdout.split("\n")
  const drawn = lines.slice(lines.findIndex((line) => line.startsWith(title)) + 1)
  const rows = drawn.slice(0, drawn.findIndex((line) => line.startsWith("└"))).filter((line) => line.startsWith("│"))
  return rows.slice(1).map((line) => line.split("│").slice(1, -1).map((cell) => cell.trim()))
}
