/** Folding streams that nobody is writing to. */
import * as Effect from "effect/Effect"
import type { Contender, Loads } from "../contenders/Contender.ts"
import { emmett } from "../contenders/emmett.ts"
import { select } from "../contenders/handwritten/select.ts"
import { refoldUncached as refold } from "../contenders/refold.ts"
import { contestants, perClient, type Work } from "./Work.ts"

const contenders: ReadonlyArray<Contender<Loads>> = [refold, emmett, select]

/** Nothing is remembered: every load reads, decodes and folds its events. The streams are made once, and each client loads its own again and again. */
const loading = (options: { readonly length: number; readonly streams: number; readonly unitsPerLoad: number }) =>
  contestants(contenders, (session, clients) => {
    const streams = perClient(clients, options.streams, (client, index) => `${client}-${index}`)
    const names = streams.flat()
    let added = { streams: names.length, events: names.length * options.length }
    return Effect.as(session.seed(names, options.length), (turns: number) =>
      Effect.sync(() => {
        const loads = streams.map((own) => Array.from({ length: turns }, (_, turn) => own[turn % own.length]!))
        const round = {
          run: session.load(loads),
          turns,
          amount: clients * turns * options.unitsPerLoad,
          count: clients * turns * options.length,
          added
        }
        added = { streams: 0, events: 0 }
        return round
      }))
  })

const floors = (clients: number, emmettTimes: number, handTimes: number) => [
  { clients, of: refold.name, against: emmett.name, atLeast: emmettTimes },
  { clients, of: refold.name, against: select.name, atLeast: handTimes }
]

export const loadShort: Work = {
  key: "load-10",
  title: "Load streams of 10 events",
  unit: "loads/s",
  clients: [16],
  maxTurns: Infinity,
  countsTries: false,
  contestants: loading({ length: 10, streams: 32, unitsPerLoad: 1 }),
  floors: floors(16, 4, 0.7)
}

export const loadLong: Work = {
  key: "load-1000",
  title: "Load streams of 1,000 events",
  unit: "events/s",
  clients: [1],
  maxTurns: Infinity,
  countsTries: false,
  contestants: loading({ length: 1000, streams: 10, unitsPerLoad: 1000 }),
  floors: floors(1, 3, 0.5)
}
