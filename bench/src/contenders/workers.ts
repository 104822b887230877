/** Processes of the benchmark besides its own: each answers an order with one reply. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { BenchFailure } from "../BenchFailure.ts"
import { attempt } from "./Contender.ts"

export interface Worker<in Order, out Reply> {
  readonly ask: (order: Order) => Promise<Reply>
}

/** The next reply of a worker; a worker that ends instead is a failure. */
const reply = async (worker: ChildProcess) => {
  const over = new AbortController()
  try {
    const [message] = await Promise.race([
      once(worker, "message", { signal: over.signal }),
      once(worker, "exit", { signal: over.signal }).then(([code]) => {
        throw new BenchFailure({ message: `A worker process ended with ${String(code)}` })
      })
    ])
    return message
  } finally {
    over.abort()
  }
}

/** Starts a script beside `main.ts`, and waits until it says that it is ready. It ends with the scope. */
export const start = <Order extends object, Reply>(
  script: string,
  args: ReadonlyArray<string>
): Effect.Effect<Worker<Order, Reply>, BenchFailure, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() =>
      fork(fileURLToPath(new URL(`../${script}`, import.meta.url)), args, {
        stdio: ["ignore", "inherit", "inherit", "ipc"]
      })
    ),
    (worker) =>
      Effect.promise(async () => {
        if (worker.exitCode !== null || worker.signalCode !== null) return
        const exited = once(worker, "exit")
        worker.disconnect()
        await exited
      })
  ).pipe(
    Effect.tap((worker) => attempt(() => reply(worker))),
    Effect.map((worker) => ({
      ask: (order) => {
        const answer = reply(worker)
        worker.send(order)
        return answer
      }
    }))
  )
