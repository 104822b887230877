/** Many transfers at once by tellers in three processes, which are killed again and again; and an audit in the end. */
import * as PgClient from "@effect/sql-pg/PgClient"
import { Account } from "@refold/example-bank/Account"
import { Transfer } from "@refold/example-bank/Transfer"
import { PgEventStore } from "@refold/sql-pg"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import * as Children from "../../support/children.ts"
import { audit } from "./audit.ts"
import { accounts, closed, opening, order } from "./orders.ts"

const program = new URL("../fixtures/teller.ts", import.meta.url)
/** How many tellers each process has: sixteen in all. */
const tellers = [6, 5, 5]

/** Kills one of the processes, or all of them, whenever so many more transfers have ended; each is started again at once. */
export const run = Effect.fnUntraced(function*(options: {
  readonly url: string
  readonly transfers: number
  readonly kills: number
  readonly seed: string
  readonly onProgress: (line: string) => Effect.Effect<void>
}) {
  const { kills, onProgress, seed, transfers, url } = options
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
    let killed = 0
    let next = 0
    const strike = Effect.gen(function*() {
      const struck = killed % 4 === 3
        ? processes.map((_, index) => index)
        : [yield* Random.nextIntBetween(0, processes.length - 1)]
      killed++
      // somewhere between this kill and the one after it in an even spread
      next = ended + (yield* Random.nextIntBetween(1, Math.ceil((transfers - ended) / (kills - killed + 1))))
      yield* Effect.forEach(struck, (index) => processes[index]?.kill ?? Effect.void, { concurrency: "unbounded" })
      for (const index of struck) processes[index] = yield* startTeller(index)
      yield* onProgress(`${ended} transfers have ended; kill ${killed} of ${kills}: ${struck.join(", ")}`)
    })
    next = yield* Random.nextIntBetween(1, Math.ceil(transfers / (kills + 1)))
    yield* EventStore.subscribe([Transfer], { pageSize: 50 }).pipe(
      Stream.filter(({ event }) => event._tag !== "TransferRequested"),
      Stream.mapEffect(() => {
        ended++
        return killed < kills && ended >= next && ended < transfers ? Effect.as(strike, ended) : Effect.succeed(ended)
      }),
      Stream.takeUntil((ended) => ended >= transfers),
      Stream.runDrain
    )
    const seconds = (performance.now() - startedAt) / 1000
    const stopped = yield* Effect.forEach(processes, ({ stop }) => stop, { concurrency: "unbounded" })
    const log = yield* Stream.runCollect(EventStore.readAll([Account, Transfer]))
    const { ended: ends, problems } = audit(log, Array.from({ length: transfers }, (_, number) => order(seed, number)))
    return { problems: [...stopped.flat(), ...problems], ended: ends, killed, seconds }
  }).pipe(
    Effect.provide(PgEventStore.layer().pipe(Layer.provide(PgClient.layer({ url: Redacted.make(url) }))))
  )
})
