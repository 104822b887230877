/** Contenders in processes of their own, which all work on one database. */
import * as Effect from "effect/Effect"
import type { BenchFailure } from "../BenchFailure.ts"
import { type Appends, attempt, type Audited, type Contender, type Count } from "./Contender.ts"
import { coalesced } from "./handwritten/coalesced.ts"
import { refold } from "./refold.ts"
import * as Workers from "./workers.ts"

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

/** The clients are spread evenly over the processes. */
export const inProcesses = (name: keyof typeof contenders, count: number): Contender<InProcesses> => ({
  name: `${contenders[name].name}, ${count === 1 ? "1 process" : `${count} processes`}`,
  open: Effect.fnUntraced(function*({ clients, url }) {
    const audit = yield* Effect.map(contenders[name].open({ url, clients: 1 }), (session) => session.audit)
    const workers = yield* Effect.forEach(
      Array.from({ length: count }, () => [name, url, `${clients / count}`]),
      (args) => Workers.start<Order, Reply>("worker.ts", args)
    )
    const askAll = (order: (index: number) => Order) =>
      attempt(() => Promise.all(workers.map((worker, index) => worker.ask(order(index)))))
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
