/** Many transfers at once by tellers in three processes, which are killed or stall again and again; and an audit in the end. */
import * as PgClient from "@effect/sql-pg/PgClient"
import { Account } from "@refold/example-bank/Account"
import { Transfer } from "@refold/example-bank/Transfer"
import { PgEventStore } from "@refold/sql-pg"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import { ProjectionStore } from "refold/ProjectionStore"
import * as Children from "../../support/children.ts"
import { audit } from "./audit.ts"
import { accounts, closed, opening, order } from "./orders.ts"

const program = new URL("../fixtures/teller.ts", import.meta.url)
/** How many tellers each process has: sixteen in all. */
const tellers = [6, 5, 5]

/** Who works on the process manager. */
const owners = Effect.gen(function*() {
  const store = yield* ProjectionStore
  const partitions = [...yield* store.list("Transfers"), ...yield* store.list("Transfers outbox")]
  return partitions.flatMap(({ owner }) => owner ?? [])
})

/**
 * Whenever some more transfers have ended, kills one of the processes, or all of them, and starts them again at once; or
 * has one stand still until others do its work, and then go on where it was.
 */
export const run = Effect.fnUntraced(function*(options: {
  readonly url: string
  readonly transfers: number
  readonly kills: number
  readonly stalls: number
  readonly seed: string
  readonly onProgress: (line: string) => Effect.Effect<void>
}) {
  const { kills, onProgress, seed, stalls, transfers, url } = options
  const strikes = kills + stalls
  const startTeller = (index: number) =>
    Children.start(program, url, seed, ...[transfers, index, tellers.length, tellers[index]].map(String))

  return yield* Effect.gen(function*() {
    yield* Effect.forEach(accounts, (id) =>
      Effect.gen(function*() {
        yield* Account.execute(id, { _tag: "Open", owner: `the owner of ${id}` })
        yield* closed.includes(id)
          ? Account.execute(id, { _tag: "Close" })
          : Account.execute(id, { _tag: "Credit", cents: opening })
      }), { concurrency: 16 })

    const processes = yield* Effect.forEach(tellers, (_, index) => startTeller(index), { concurrency: 3 })
    const startedAt = performance.now()
    let ended = 0
    let struck = 0
    let killed = 0
    /** Somewhere between this strike and the next of an even spread. */
    const nextStrike = Effect.suspend(() =>
      Random.nextIntBetween(1, Math.ceil((transfers - ended) / (strikes - struck + 1)))
    )
    let next = yield* nextStrike
    const stall = Effect.fnUntraced(function*(index: number) {
      const { freeze, thaw } = processes[index]!
      yield* freeze
      const isReplaced = Effect.map(owners, (owners) => !owners.some((owner) => owner.startsWith(`teller ${index}`)))
      yield* Effect.repeat(isReplaced, { until: (isReplaced) => isReplaced, schedule: Schedule.spaced("20 millis") })
      yield* thaw
    })
    const kill = Effect.fnUntraced(function*(indexes: ReadonlyArray<number>) {
      killed++
      yield* Effect.forEach(indexes, (index) => processes[index]!.kill, { concurrency: "unbounded" })
      for (const index of indexes) processes[index] = yield* startTeller(index)
    })
    const strike = Effect.gen(function*() {
      const one = yield* Random.nextIntBetween(0, processes.length - 1)
      const isStall = Math.floor((struck + 1) * stalls / strikes) > Math.floor(struck * stalls / strikes)
      const whom = !isStall && killed % 4 === 3 ? processes.map((_, index) => index) : [one]
      struck++
      next = ended + (yield* nextStrike)
      yield* onProgress(`${ended} transfers have ended; ${isStall ? "stall" : "kill"} ${whom.join(", ")}`)
      yield* isStall ? stall(one) : kill(whom)
    })
    yield* EventStore.subscribe([Transfer], { pageSize: 50 }).pipe(
      Stream.filter(({ event }) => event._tag !== "TransferRequested"),
      Stream.mapEffect(() => {
        ended++
        return struck < strikes && ended >= next ? Effect.as(strike, ended) : Effect.succeed(ended)
      }),
      Stream.takeUntil((ended) => ended >= transfers),
      Stream.runDrain
    )
    const seconds = (performance.now() - startedAt) / 1000
    const stopped = yield* Effect.forEach(processes, ({ stop }) => stop, { concurrency: "unbounded" })
    const log = yield* Stream.runCollect(EventStore.readAll([Account, Transfer]))
    const { ended: ends, problems } = audit(log, Array.from({ length: transfers }, (_, number) => order(seed, number)))
    return { problems: [...stopped.flat(), ...problems], ended: ends, struck, seconds }
  }).pipe(
    Effect.provide(PgEventStore.layer().pipe(Layer.provide(PgClient.layer({ url: Redacted.make(url) }))))
  )
})
