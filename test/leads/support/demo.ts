/** The demo in a process of its own, started the way `npm run demo` starts it. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { createInterface } from "node:readline"
import { report } from "./output.ts"

const root = Path.resolve(import.meta.dirname, "../../..")
const main = Path.join(root, "examples/leads/src/main.ts")
const compiled = Path.join(root, "node_modules/.cache/leads-demo")

/** What the demo reads when it is told nothing else. */
export const scenario = Path.join(root, "examples/leads/scenario/morning.jsonl")

/** How a run went. */
export interface Ended {
  /** `null` if it was killed. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Demo {
  /** The next line on its standard output, or `undefined` when there is none to come. */
  readonly line: Effect.Effect<string | undefined>
  readonly type: (text: string | Uint8Array) => Effect.Effect<void>
  readonly endInput: Effect.Effect<void>
  /** Stops reading its standard output, as `head` does. */
  readonly closeOutput: Effect.Effect<void>
  /** Kills it without warning and waits until it is gone. */
  readonly kill: Effect.Effect<Ended>
  /** Waits until it has ended by itself. */
  readonly ended: Effect.Effect<Ended>
}

/** Starts the demo. It is killed when the scope closes. */
export const start = Effect.fnUntraced(function*(
  args: ReadonlyArray<string>,
  env: Record<string, string> = {}
): Effect.fn.Return<Demo, never, Scope.Scope> {
  const { FORCE_COLOR: _, NODE_OPTIONS: __, NO_COLOR: ___, ...inherited } = process.env
  const child = spawn(process.execPath, ["--conditions=@refold/source", main, ...args], {
    cwd: root,
    // Starts in half the time: the TypeScript is stripped and compiled once for all runs.
    env: { ...inherited, NODE_COMPILE_CACHE: compiled, ...env }
  })
  // Who types into a process that has ended hears of it by the process's end.
  child.stdin.on("error", () => {})
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (chunk) => stdout += chunk)
  child.stderr.setEncoding("utf8").on("data", (chunk) => stderr += chunk)
  const lines = yield* Queue.unbounded<string, Cause.Done>()
  createInterface(child.stdout)
    .on("line", (line) => Queue.offerUnsafe(lines, line))
    .on("close", () => Queue.endUnsafe(lines))
  const closed = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })))
  const ended = Effect.promise(() => closed)
  const kill = Effect.suspend(() => {
    child.kill("SIGKILL")
    return ended
  })
  yield* Effect.addFinalizer(() => kill)
  return {
    line: Effect.catch(Queue.take(lines), () => Effect.succeed(undefined)),
    type: (text) => Effect.sync(() => child.stdin.write(text)),
    endInput: Effect.sync(() => child.stdin.end()),
    closeOutput: Effect.sync(() => child.stdout.destroy()),
    kill,
    ended
  }
})

/** Runs the demo to its end, with nothing on its standard input. */
export const run = (args: ReadonlyArray<string>, env?: Record<string, string>): Effect.Effect<Ended> =>
  Effect.scoped(
    start(args, env).pipe(
      Effect.tap(({ endInput }) => endInput),
      Effect.flatMap(({ ended }) => ended)
    )
  )

/** Waits until the demo has reported this line of its input, or one after it. */
export const untilLine = Effect.fnUntraced(function*(demo: Demo, number: number) {
  for (let line = yield* demo.line; line !== undefined; line = yield* demo.line) {
    if ((report(line)?.number ?? 0) >= number) return
  }
})

/** An empty folder, which is removed when the scope closes. */
export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "refold-leads-"))),
  (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true }))
)

/** A file with this content, which is removed when the scope closes. */
export const temporaryFile = (content: string | Uint8Array): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(temporaryFolder, (folder) => {
    const file = Path.join(folder, "commands.jsonl")
    Fs.writeFileSync(file, content)
    return file
  })

/** Asks until it is so. */
export const until = <E, R>(what: string, condition: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  condition.pipe(
    Effect.repeat({ until: (holds) => holds, schedule: Schedule.spaced("5 millis") }),
    Effect.timeoutOrElse({
      duration: "60 seconds",
      orElse: () => Effect.die(new Error(`Waited in vain until ${what}`))
    })
  )
