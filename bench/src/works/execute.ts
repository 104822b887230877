/** Load, decide, append: what a service does all day. */
import type { Contender, Executes } from "../contenders/Contender.ts"
import { emmett } from "../contenders/emmett.ts"
import { coalesced } from "../contenders/handwritten/coalesced.ts"
import { insert } from "../contenders/handwritten/insert.ts"
import { refold, refoldUncached } from "../contenders/refold.ts"
import { executing } from "./executing.ts"
import { contestants, type Work } from "./Work.ts"

const contenders: ReadonlyArray<Contender<Executes>> = [refold, refoldUncached, emmett, insert, coalesced]

export const execute: Work = {
  key: "execute",
  title: "Load + decide + append on streams of 20 events",
  unit: "commands/s",
  clients: [16, 64],
  maxTurns: Infinity,
  countsTries: false,
  contestants: contestants(contenders, executing),
  floors: [
    { clients: 16, of: refold.name, against: emmett.name, atLeast: 6 },
    { clients: 16, of: refold.name, against: coalesced.name, atLeast: 0.75 },
    { clients: 64, of: refold.name, against: emmett.name, atLeast: 13 },
    { clients: 64, of: refold.name, against: coalesced.name, atLeast: 0.75 }
  ]
}
