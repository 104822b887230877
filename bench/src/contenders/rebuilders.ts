/** Contenders that build counters anew from a log, each in a process of its own. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Projection from "refold/Projection"
import * as Projections from "refold/Projections"
import * as Rebuild from "refold/Rebuild"
import type { BenchFailure } from "../BenchFailure.ts"
import type { Log } from "../log.ts"
import type { Memory } from "../works/Work.ts"
import { attempt, type Contender, type Count, type ReadsLogs } from "./Contender.ts"
import { upsert } from "./handwritten/counter.ts"
import * as Refold from "./refold.ts"
import { counts, logs, orFail, verify } from "./refoldLog.ts"
import * as Workers from "./workers.ts"

/** What the process is told: to rebuild this log, as this version. */
export interface Order {
  readonly log: Log
  readonly version: number
}

/** The most it had in memory up to now. */
export type Reply = Pick<Memory, "rss" | "heap">

/** What the process runs. */
export const contenders = {
  refold: Effect.fnUntraced(function*(url: string) {
    const context = yield* Refold.build("refold", url)
    return ({ version }: Order) =>
      Rebuild.rebuild(counts(version)).pipe(Stream.runDrain, Effect.provide(context), orFail)
  }),
  upsert: Effect.fnUntraced(function*(url: string) {
    const { project } = yield* upsert.open({ url, clients: 1 })
    return ({ log }: Order) => project(log)
  })
} satisfies Record<
  string,
  (url: string) => Effect.Effect<(order: Order) => Effect.Effect<void, BenchFailure>, BenchFailure, Scope.Scope>
>

export interface Rebuilds extends ReadsLogs {
  /** Gets ready to rebuild the log; what is run returns how many events that were. */
  readonly prepare: (log: Log) => Effect.Effect<
    { readonly run: Count; readonly memory: () => Memory; readonly verify: Effect.Effect<void, BenchFailure> },
    BenchFailure
  >
}

const inProcess = Effect.fnUntraced(function*(name: keyof typeof contenders, url: string) {
  const worker = yield* Workers.start<Order, Reply>("rebuilder.ts", [name, url])
  let memory: Reply = { rss: 0, heap: 0 }
  return (log: Log, version: number) => ({
    run: Effect.map(attempt(() => worker.ask({ log, version })), (reply) => {
      memory = reply
      return log.events
    }),
    memory: () => ({ ...memory, events: log.events })
  })
})

/** Beside a version that has everything: what it counts are all events up to the change over. */
export const refoldRebuilder = (part: string): Contender<Rebuilds> => ({
  name: `refold, ${part}`,
  open: Effect.fnUntraced(function*({ url }) {
    const context = yield* Refold.build("refold", url)
    const { audit, store } = logs(url)
    const start = yield* inProcess("refold", url)
    const first = counts(1)
    let live = 1
    return {
      audit,
      store: (log) =>
        Projection.catchUp(first).pipe(
          Effect.andThen(store(log)),
          Effect.andThen(Projections.rewind(first, log.events)),
          Effect.provide(context),
          orFail
        ),
      prepare: (log) =>
        Effect.suspend(() => {
          const before = counts(live - 1)
          live++
          return Effect.as(Projections.drop(before).pipe(Effect.provide(context), orFail), {
            ...start(log, live),
            verify: verify(url, live)("refold", log)
          })
        })
    }
  })
})

/** The hand-written counter, from nothing. */
export const upsertRebuilder: Contender<Rebuilds> = {
  name: "upsert, whole log",
  open: Effect.fnUntraced(function*(target) {
    const session = yield* upsert.open(target)
    const start = yield* inProcess("upsert", target.url)
    return {
      ...session,
      prepare: (log) => Effect.as(session.forget, { ...start(log, 1), verify: session.verify("upsert", log) })
    }
  })
}
