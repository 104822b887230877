/** Programs that run as processes of the operating system, to be killed. */
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { basename } from "node:path"
import { fileURLToPath } from "node:url"

export interface Child {
  readonly hasEnded: () => boolean
  /** Kills it without warning and waits until it is gone. */
  readonly kill: Effect.Effect<void>
  /** Keeps it from running until it is thawed. */
  readonly freeze: Effect.Effect<void>
  readonly thaw: Effect.Effect<void>
  /** Closes its standard input and waits until it has ended. Tells what is wrong unless it does so soon, and well. */
  readonly stop: Effect.Effect<ReadonlyArray<string>>
}

/** Starts a program, which is killed when the scope closes. */
export const start = Effect.fnUntraced(function*(program: URL, ...args: ReadonlyArray<string>) {
  const file = fileURLToPath(program)
  const name = basename(file, ".ts")
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
    Effect.map((code) => code === 0 ? [] : [`a ${name} ended with ${code}: ${said}`]),
    Effect.timeoutOrElse({
      duration: "20 seconds",
      orElse: () => Effect.as(kill, [`a ${name} did not come to its end`])
    })
  )
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const signal = (name: NodeJS.Signals) => Effect.sync(() => void child.kill(name))
  const self: Child = { hasEnded, kill, freeze: signal("SIGSTOP"), thaw: signal("SIGCONT"), stop }
  return self
})
