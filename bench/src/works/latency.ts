/** From the moment an append has returned to that at which a reader has its event. */
import * as Effect from "effect/Effect"
import { setTimeout as delay } from "node:timers/promises"
import { BenchFailure } from "../BenchFailure.ts"
import { attempt, type Contender, type Follows } from "../contenders/Contender.ts"
import { emmettFollower, emmettFollowerTuned } from "../contenders/emmettConsumer.ts"
import { listen } from "../contenders/handwritten/listen.ts"
import { refoldProjection, refoldSubscriber } from "../contenders/refoldFollowing.ts"
import { type Work } from "./Work.ts"

const contenders: ReadonlyArray<Contender<Follows>> = [
  refoldSubscriber,
  refoldProjection,
  emmettFollower,
  emmettFollowerTuned,
  listen
]

/** Nobody's readers look less often than once a second. */
const patience = 5_000

/** An even rhythm would fall in step with those who poll. */
const offset = (index: number): number => index + (index * 0.618) % 1

/** Appends at a fixed rate, whether or not those before have returned, and waits until all of it was seen. */
const appending =
  (session: Follows, who: string, watch: Watch, perSecond: number) => async (streams: ReadonlyArray<string>) => {
    const returned = new Map<string, number>()
    const start = performance.now()
    const appends: Array<Promise<unknown>> = []
    for (const [index, stream] of streams.entries()) {
      const due = start + offset(index) * 1000 / perSecond - performance.now()
      if (due > 1) await delay(due)
      appends.push(session.append(stream).then(() => returned.set(stream, performance.now())))
    }
    await Promise.all(appends)
    const last = performance.now()
    while (!streams.every((stream) => watch.seenAt.has(stream)) && performance.now() < last + patience) await delay(5)

    const millis = streams.flatMap((stream) => {
      const seen = watch.seenAt.get(stream)
      // some have it before the append returns
      return seen === undefined ? [] : [Math.max(0, seen - returned.get(stream)!)]
    })
    const missed = streams.length - millis.length
    if (session.isLossy !== true && (missed > 0 || watch.twice > 0)) {
      throw new BenchFailure({ message: `${who} has missed ${missed} events and had ${watch.twice} twice` })
    }
    return { millis, missed }
  }

interface Watch {
  readonly seenAt: Map<string, number>
  twice: number
}

const latencies = (perSecond: number, stretch: number): Omit<Work, "key" | "title"> => ({
  unit: "ms",
  measures: "latencies",
  clients: [1],
  maxTurns: Infinity,
  stretch,
  countsTries: false,
  contestants: contenders.map((contender) => ({
    name: contender.name,
    open: Effect.fnUntraced(function*(target) {
      const session = yield* contender.open(target)
      const watch: Watch = { seenAt: new Map(), twice: 0 }
      yield* session.follow((stream) => {
        if (watch.seenAt.has(stream)) watch.twice++
        else watch.seenAt.set(stream, performance.now())
      })
      const append = appending(session, contender.name, watch, perSecond)
      return {
        audit: session.audit,
        prepare: (turns, label) => {
          const streams = Array.from({ length: turns }, (_, index) => `${label}-${index}`)
          let waits: { readonly millis: ReadonlyArray<number>; readonly missed: number } = { millis: [], missed: 0 }
          return Effect.succeed({
            run: Effect.map(attempt(() => append(streams)), (found) => {
              waits = found
              return turns
            }),
            turns,
            amount: turns,
            rate: () => perSecond,
            waits: () => waits,
            added: { streams: turns, events: turns }
          })
        }
      }
    })
  })),
  floors: [],
  ceilings: [refoldSubscriber, refoldProjection].flatMap(({ name }) => [
    { clients: 1, of: name, figure: "median", atMost: 3 },
    { clients: 1, of: name, figure: "p99", atMost: 15 }
  ])
})

export const latencySlow: Work = {
  key: "latency-2",
  title: "From the append's return to the reader, 2 events/s",
  ...latencies(2, 6)
}

export const latencyFast: Work = {
  key: "latency-500",
  title: "From the append's return to the reader, 500 events/s",
  ...latencies(500, 1)
}
