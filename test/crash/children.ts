/** The processes that work while the server is killed. */
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

export interface Child {
  /** Kills it without warning and waits until it is gone. */
  readonly kill: Effect.Effect<void>
  /** Closes its standard input and waits until it has ended; dies unless it does so soon, and well. */
  readonly stop: Effect.Effect<void>
}

/** Starts a program, which is killed when the scope closes. */
export const start = Effect.fnUntraced(function*(program: "writer" | "subscriber", ...args: ReadonlyArray<string>) {
  const file = fileURLToPath(new URL(`./fixtures/${program}.ts`, import.meta.url))
  const child = spawn(process.execPath, ["--conditions=@refold/source", file, ...args], {
    stdio: ["pipe", "ignore", "pipe"]
  })
  let said = ""
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => said += chunk)
  child.stdin.on("error", () => {})
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve))
  const ended = Effect.promise(() => closed)
  const kill = Effect.asVoid(Effect.suspend(() => {
    child.kill("SIGKILL")
    return ended
  }))
  yield* Effect.addFinalizer(() => kill)
  const stop = Effect.suspend(() => {
    child.stdin.end()
    return ended
  }).pipe(
    Effect.timeoutOrElse({ duration: "30 seconds", orElse: () => Effect.die(new Error(`A ${program} does not end`)) }),
    Effect.flatMap((code) => code === 0 ? Effect.void : Effect.die(new Error(`A ${program} ended: ${said}`)))
  )
  const self: Child = { kill, stop }
  return self
})
