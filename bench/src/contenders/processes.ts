/** Contenders in processes of their own, which all work on one database. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { BenchFailure } from "../BenchFailure.ts"
import { type Appends, attempt, type Audited, type Contender, type Count } from "./Contender.ts"
import { coalesced } from "./handwritten/coalesced.ts"
import { refold } from "./refold.ts"

/** What a worker process is told. It answers each with a `Reply`. */
export type Order =
  | { readonly _tag: "Prepare"; readonly turns: number; readonly label: string }
  | { readonly _tag: "Run" }

export type Reply =
  | { readonly _tag: "Ready" }
  | { readonly _tag: "Ran"; readonly count: number }

export const contenders: Record<"refold" | "coalesced", Contender<Appends>> = { refold, coalesced }

export const contendersByName = ["refold", "coalesced"] as const

export interface InProcesses extends Audited {
  readonly prepare: (turns: number, label: string) => Effect.Effect<Count, BenchFailure>
}

const script = fileURLToPath(new URL("../worker.ts", import.meta.url))

/** The next reply of a worker; a worker that ends instead is a failure. */
const reply = async (worker: ChildProcess): Promise<Reply> => {
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

const ask = (worker: ChildProcess, order: Order): Promise<Reply> => {
  const answer = reply(worker)
  worker.send(order)
  return answer
}

const start = (args: ReadonlyArray<string>): Effect.Effect<ChildProcess, BenchFailure, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => fork(script, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] })),
    (worker) =>
      Effect.promise(async () => {
        if (worker.exitCode !== null || worker.signalCode !== null) return
        const exited = once(worker, "exit")
        worker.disconnect()
        await exited
      })
  ).pipe(Effect.tap((worker) => attempt(() => reply(worker))))

/** The clients are spread evenly over the processes. */
export const inProcesses = (name: keyof typeof contenders, count: number): Contender<InProcesses> => ({
  name: `${contenders[name].name}, ${count === 1 ? "1 process" : `${count} processes`}`,
  open: Effect.fnUntraced(function*({ clients, url }) {
    const audit = yield* Effect.map(contenders[name].open({ url, clients: 1 }), (session) => session.audit)
    const workers = yield* Effect.forEach(
      Array.from({ length: count }, () => [name, url, `${clients / count}`]),
      start
    )
    const askAll = (order: (index: number) => Order) =>
      attempt(() => Promise.all(workers.map((worker, index) => ask(worker, order(index)))))
    return {
      audit,
      prepare: (turns, label) =>
        Effect.as(
          askAll((index) => ({ _tag: "Prepare", turns, label: `${label}-${index}` })),
          Effect.map(
            askAll(() => ({ _tag: "Run" })),
            (replies) => replies.reduce((total, reply) => total + (reply._tag === "Ran" ? reply.count : 0), 0)
          )
        )
    }
  })
})
