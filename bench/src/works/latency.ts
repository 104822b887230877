/** From the moment an append has returned to that at which a reader has its event. */
import * as Effect from "effect/Effect"
import { attempt, type Contender, type Follows } from "../contenders/Contender.ts"
import { emmettFollower, emmettFollowerTuned } from "../contenders/emmettConsumer.ts"
import { listen } from "../contenders/handwritten/listen.ts"
import { refoldProjection, refoldSubscriber } from "../contenders/refoldFollowing.ts"
import * as Waiting from "./waiting.ts"
import type { Contestant, Work } from "./Work.ts"

const contenders: ReadonlyArray<Contender<Follows>> = [
  refoldSubscriber,
  refoldProjection,
  emmettFollower,
  emmettFollowerTuned,
  listen
]

/** In milliseconds: of those that may never have an event, but look once a second, and of the others, whose run it ends. */
const patience = { lossy: 3_000, strict: 30_000 }

const at = (perSecond: number) => ({ name, open }: Contender<Follows>): Contestant => ({
  name,
  open: Effect.fnUntraced(function*(target) {
    const { append, audit, follow, isLossy = false } = yield* open(target)
    const watch = Waiting.watch()
    yield* follow(Waiting.seenBy(watch))
    return {
      audit,
      prepare: (turns, label) => {
        const streams = Array.from({ length: turns }, (_, index) => `${label}-${index}`)
        let waits: Waiting.Waits = { millis: [], missed: 0 }
        const run = attempt(() =>
          Waiting.wait(watch, {
            who: name,
            streams,
            append,
            perSecond,
            patience: isLossy ? patience.lossy : patience.strict,
            isStrict: !isLossy
          })
        )
        return Effect.succeed({
          run: Effect.map(run, (found) => {
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
})

const latencies = (perSecond: number, stretch: number): Omit<Work, "key" | "title"> => ({
  unit: "ms",
  measures: "latencies",
  clients: [1],
  maxTurns: Infinity,
  stretch,
  countsTries: false,
  contestants: contenders.map(at(perSecond)),
  floors: [],
  ceilings: [refoldSubscriber, refoldProjection].flatMap(({ name }) => [
    { clients: 1, of: name, figure: "median", atMost: 3 },
    { clients: 1, of: name, figure: "p99", atMost: 15 }
  ])
})

export const latencySlow: Work = {
  key: "latency-2",
  title: "From the append's return to the reader, 2 events/s",
  // too few events to tell the slowest of a hundred would say little
  ...latencies(2, 3)
}

export const latencyFast: Work = {
  key: "latency-500",
  title: "From the append's return to the reader, 500 events/s",
  ...latencies(500, 1)
}
