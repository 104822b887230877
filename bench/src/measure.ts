/** Runs the contenders of a work beside each other: warm-up, then rounds in which each has its turn. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as TestServer from "../../test/support/TestServer.ts"
import * as Audit from "./Audit.ts"
import { BenchFailure } from "./BenchFailure.ts"
import type { Progress } from "./progress.ts"
import { withClient } from "./withClient.ts"
import type { Contestant, Memory, Running, Target, Work } from "./works/Work.ts"

export interface Settings {
  readonly url: string
  readonly rounds: number
  /** How long a round of one contender is meant to take. */
  readonly seconds: number
}

/** What came out for one contender: of the rates of its rounds, or of all waits. */
export interface Row {
  readonly work: string
  readonly contender: string
  readonly clients: number
  readonly median: number
  readonly min: number
  readonly max: number
  readonly unit: string
  /** Attempts per append, where they are counted. */
  readonly tries?: number
  /** Of waits: 99 of 100 were not longer. */
  readonly p99?: number
  /** Of waits: those that never ended. */
  readonly missed?: number
  /** At most, over all rounds, where that is looked at. */
  readonly memory?: Memory
}

interface Entrant {
  readonly name: string
  readonly url: string
  readonly running: Running
  readonly rates: Array<number>
  readonly waits: Array<number>
  missed: number
  memory: Memory | undefined
  turns: number
  streams: number
  events: number
  counted: number
  amount: number
}

export const measure = Effect.fnUntraced(function*(
  work: Work,
  clients: number,
  settings: Settings,
  progress: Progress
): Effect.fn.Return<ReadonlyArray<Row>, BenchFailure, Scope.Scope> {
  const target = { clients, seconds: settings.seconds * (work.stretch ?? 1) }
  const entrants = yield* Effect.forEach(
    work.contestants,
    (contestant) => enter(contestant, work, target, settings.url)
  )
  const say = (what: string) => progress(`${work.key}, ${clients} ${clients === 1 ? "client" : "clients"}: ${what}`)

  yield* say("warming up")
  for (const entrant of entrants) {
    // twice, where there is a pace to be found: the first rate is that of cold code
    const isPaced = work.measures === "latencies" || work.maxTurns === 1
    for (const [index, seconds] of (isPaced ? [target.seconds] : [target.seconds / 2, target.seconds]).entries()) {
      const turnsPerSecond = yield* round(entrant, work, `w${index}`)
      entrant.turns = Math.min(work.maxTurns, Math.max(1, Math.floor(turnsPerSecond * seconds)))
    }
    yield* analyze(entrant.url)
  }
  for (const entrant of entrants) {
    entrant.rates.length = 0
    entrant.waits.length = 0
    entrant.missed = 0
  }

  for (let index = 0; index < settings.rounds; index++) {
    yield* say(`round ${index + 1} of ${settings.rounds}`)
    for (let place = 0; place < entrants.length; place++) {
      yield* round(entrants[(index + place) % entrants.length]!, work, `r${index}`)
    }
  }

  yield* say("checking what was stored")
  yield* Effect.forEach(
    entrants,
    (entrant) =>
      Effect.flatMap(entrant.running.audit, (found) => Audit.check(`${entrant.name} at ${work.key}`, entrant, found))
  )
  return entrants.map((entrant) => {
    const isWaiting = work.measures === "latencies"
    const sorted = (isWaiting ? entrant.waits : entrant.rates).toSorted((a, b) => a - b)
    return {
      work: work.key,
      contender: entrant.name,
      clients,
      median: quantile(sorted, 0.5),
      min: sorted[0]!,
      max: sorted[sorted.length - 1]!,
      unit: work.unit,
      ...(work.countsTries ? { tries: entrant.counted / entrant.amount } : {}),
      ...(isWaiting ? { p99: quantile(sorted, 0.99), missed: entrant.missed } : {}),
      ...(entrant.memory === undefined ? {} : { memory: entrant.memory })
    }
  })
}, Effect.scoped)

const enter = Effect.fnUntraced(function*(
  contestant: Contestant,
  work: Work,
  target: Omit<Target, "url">,
  serverUrl: string
) {
  const url = yield* Effect.mapError(
    TestServer.makeDatabase(serverUrl),
    (cause) => new BenchFailure({ message: `No database could be made: ${cause.message}`, cause })
  )
  const running = yield* contestant.open({ ...target, url })
  const entrant: Entrant = {
    name: contestant.name,
    url,
    running,
    rates: [],
    waits: [],
    missed: 0,
    memory: undefined,
    turns: Math.min(4, work.maxTurns),
    streams: 0,
    events: 0,
    counted: 0,
    amount: 0
  }
  return entrant
})

/** Returns how many turns each client took in a second. */
const round = Effect.fnUntraced(function*(entrant: Entrant, work: Work, label: string) {
  const prepared = yield* entrant.running.prepare(entrant.turns, label)
  // nobody pays for what another has left behind
  globalThis.gc?.()
  const start = performance.now()
  const counted = yield* prepared.run
  const seconds = (performance.now() - start) / 1000
  if (prepared.count !== undefined && prepared.count !== counted) {
    return yield* new BenchFailure({
      message: `${entrant.name} at ${work.key} counted ${counted} in a round of ${prepared.count}`
    })
  }
  if (prepared.verify !== undefined) yield* prepared.verify
  const waits = prepared.waits?.()
  if (waits !== undefined) {
    for (const millis of waits.millis) entrant.waits.push(millis)
    entrant.missed += waits.missed
  }
  entrant.memory = prepared.memory?.() ?? entrant.memory
  entrant.streams += prepared.added.streams
  entrant.events += prepared.added.events
  entrant.counted += counted
  entrant.amount += prepared.amount
  const rate = prepared.rate?.() ?? prepared.amount / seconds
  entrant.rates.push(rate)
  return rate * prepared.turns / prepared.amount
})

/** What autovacuum would do sooner or later, done for everyone at the same point. */
const analyze = (url: string) => withClient(url, (sql) => sql.unsafe("analyze"))

/** The value below which so large a part of them is; between two of them, in proportion. */
const quantile = (sorted: ReadonlyArray<number>, part: number): number => {
  const place = (sorted.length - 1) * part
  const [below, above] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!]
  return below + (above - below) * (place - Math.floor(place))
}
