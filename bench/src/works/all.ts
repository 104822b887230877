import { appendOne } from "./appendOne.ts"
import { appendOwn } from "./appendOwn.ts"
import { counter } from "./counter.ts"
import { execute } from "./execute.ts"
import { latencyFast, latencySlow } from "./latency.ts"
import { loadLong, loadShort } from "./load.ts"
import { memory } from "./memory.ts"
import { processes } from "./processes.ts"
import { readLog } from "./readLog.ts"
import { rebuild } from "./rebuild.ts"
import type { Work } from "./Work.ts"

/** In the order in which they run and are reported. */
export const works: ReadonlyArray<Work> = [
  appendOwn,
  appendOne,
  execute,
  loadShort,
  loadLong,
  memory,
  processes,
  readLog,
  counter,
  latencySlow,
  latencyFast,
  rebuild
]
