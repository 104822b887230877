/** Every append makes a stream of its own, so nobody conflicts. */
import * as Effect from "effect/Effect"
import type { Appends, Contender } from "../contenders/Contender.ts"
import { emmett } from "../contenders/emmett.ts"
import { coalesced } from "../contenders/handwritten/coalesced.ts"
import { insert } from "../contenders/handwritten/insert.ts"
import * as Pgbench from "../contenders/pgbench.ts"
import { refold } from "../contenders/refold.ts"
import { contestants, perClient, type Work } from "./Work.ts"

const contenders: ReadonlyArray<Contender<Appends>> = [refold, emmett, insert, coalesced, ...Pgbench.installed]

export const appendOwn: Work = {
  key: "append-own",
  title: "Append 1 event to its own new stream",
  unit: "events/s",
  clients: [1, 16, 64],
  maxTurns: Infinity,
  countsTries: false,
  contestants: contestants(contenders, (session, clients) =>
    Effect.succeed((turns, label) => {
      const streams = perClient(clients, turns, (client, index) => `${label}-${client}-${index}`)
      const amount = clients * turns
      return Effect.succeed({
        run: session.append(streams),
        rate: session.rate,
        turns,
        amount,
        count: amount,
        added: { streams: amount, events: amount }
      })
    })),
  floors: [
    { clients: 1, of: refold.name, against: emmett.name, atLeast: 1.8 },
    { clients: 1, of: refold.name, against: insert.name, atLeast: 0.75 },
    { clients: 16, of: refold.name, against: emmett.name, atLeast: 5.5 },
    { clients: 16, of: refold.name, against: coalesced.name, atLeast: 0.8 },
    { clients: 64, of: refold.name, against: emmett.name, atLeast: 12 },
    { clients: 64, of: refold.name, against: coalesced.name, atLeast: 0.8 }
  ]
}
