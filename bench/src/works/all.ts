import { appendOne } from "./appendOne.ts"
import { appendOwn } from "./appendOwn.ts"
import { execute } from "./execute.ts"
import { loadLong, loadShort } from "./load.ts"
import { memory } from "./memory.ts"
import { processes } from "./processes.ts"
import type { Work } from "./Work.ts"

/** In the order in which they run and are reported. */
export const works: ReadonlyArray<Work> = [appendOwn, appendOne, execute, loadShort, loadLong, memory, processes]
