/** Load, decide, append without a database: what the toolkit itself costs. */
import type { Contender, Executes } from "../contenders/Contender.ts"
import { emmettMemory } from "../contenders/emmett.ts"
import { plainArray, refoldMemory } from "../contenders/memory.ts"
import { executing } from "./executing.ts"
import { contestants, type Work } from "./Work.ts"

const contenders: ReadonlyArray<Contender<Executes>> = [refoldMemory, emmettMemory, plainArray]

export const memory: Work = {
  key: "memory",
  title: "In memory: load + decide + append on streams of 20 events",
  unit: "commands/s",
  clients: [16],
  // the same for all: the more streams there are in it, the slower Emmett becomes
  maxTurns: 500,
  countsTries: false,
  contestants: contestants(contenders, executing),
  floors: [{ clients: 16, of: refoldMemory.name, against: emmettMemory.name, atLeast: 8 }]
}
