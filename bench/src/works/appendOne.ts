/** All clients deposit to one account: everyone must succeed in the end, on the balance that is true by then. */
import * as Effect from "effect/Effect"
import type { Contender, Races } from "../contenders/Contender.ts"
import { emmett } from "../contenders/emmett.ts"
import { coalesced } from "../contenders/handwritten/coalesced.ts"
import { insert } from "../contenders/handwritten/insert.ts"
import { refold } from "../contenders/refold.ts"
import { contestants, perClient, type Work } from "./Work.ts"

const contenders: ReadonlyArray<Contender<Races>> = [refold, emmett, insert, coalesced]

export const appendOne: Work = {
  key: "append-one",
  title: "Append 1 event to ONE stream, all clients the same",
  unit: "events/s",
  clients: [16],
  maxTurns: Infinity,
  countsTries: true,
  contestants: contestants(
    contenders,
    (session, clients) =>
      Effect.succeed((turns, label) =>
        Effect.as(session.seed([label], 1), {
          run: session.race(perClient(clients, turns, () => label)),
          turns,
          amount: clients * turns,
          added: { streams: 1, events: 1 + clients * turns }
        })
      )
  ),
  floors: [
    { clients: 16, of: refold.name, against: emmett.name, atLeast: 50 },
    { clients: 16, of: refold.name, against: coalesced.name, atLeast: 0.7 }
  ]
}
