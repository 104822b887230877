import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

/** An empty folder, which is removed when the scope closes. */
export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "refold-pglite-"))),
  (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true }))
)

/** A program of `fixtures` in a process of its own, which is killed when the scope closes. */
export interface Program {
  readonly pid: number
  /** The next line it prints, or `undefined` when it has ended. */
  readonly line: Effect.Effect<string | undefined>
  readonly send: (line: string) => Effect.Effect<void>
  /** Kills it without warning and waits until it is gone. */
  readonly kill: Effect.Effect<void>
}

export const run = (
  fixture: string,
  ...parameters: ReadonlyArray<string>
): Effect.Effect<Program, never, Scope.Scope> => runCommand(process.execPath, command(fixture, ...parameters))

/** The parameters with which Node runs a program of `fixtures`. */
export const command = (fixture: string, ...parameters: ReadonlyArray<string>): ReadonlyArray<string> => [
  "--conditions=@refold/source",
  fileURLToPath(new URL(`fixtures/${fixture}.ts`, import.meta.url)),
  ...parameters
]

export const runCommand = Effect.fnUntraced(function*(
  executable: string,
  parameters: ReadonlyArray<string>
): Effect.fn.Return<Program, never, Scope.Scope> {
  const child = spawn(executable, parameters, { stdio: ["pipe", "pipe", "inherit"] })
  const exited = once(child, "exit")
  const kill = Effect.promise(() => {
    child.kill("SIGKILL")
    return exited
  })
  yield* Effect.addFinalizer(() => kill)
  const lines = yield* Queue.unbounded<string, Cause.Done>()
  createInterface(child.stdout)
    .on("line", (line) => Queue.offerUnsafe(lines, line))
    .on("close", () => Queue.endUnsafe(lines))
  return {
    pid: child.pid!,
    line: Effect.catch(Queue.take(lines), () => Effect.succeed(undefined)),
    send: (line) => Effect.sync(() => child.stdin.write(`${line}\n`)),
    kill: Effect.asVoid(kill)
  }
})

/** Repeats a question until the answer is yes. */
export const eventually = <E, R>(condition: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.asVoid(Effect.repeat(condition, { until: (holds) => holds }))
