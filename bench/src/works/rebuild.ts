/** A projection built anew from logs of different lengths, and what that takes of memory. */
import { type Rebuilds, refoldRebuilder, upsertRebuilder } from "../contenders/rebuilders.ts"
import { type Entry, onLogs } from "./onLogs.ts"
import type { Work } from "./Work.ts"

const longest = 500_000

const whole = refoldRebuilder("whole log")
const tenth = refoldRebuilder("a tenth")

const entries: ReadonlyArray<Entry<Rebuilds>> = [
  { contender: whole, eventsPerSecond: longest },
  { contender: refoldRebuilder("three tenths"), eventsPerSecond: longest * 0.3 },
  { contender: tenth, eventsPerSecond: longest * 0.1 },
  { contender: upsertRebuilder, eventsPerSecond: longest }
]

export const rebuild: Work = {
  key: "rebuild",
  title: "Build the counters of every stream anew, in a process of its own",
  unit: "events/s",
  clients: [1],
  maxTurns: 1,
  countsTries: false,
  contestants: onLogs(entries, (session, log) => session.prepare(log)),
  floors: [],
  ceilings: [
    { clients: 1, of: whole.name, against: tenth.name, figure: "rss", atMost: 1.25 },
    { clients: 1, of: whole.name, against: tenth.name, figure: "heap", atMost: 1.25 }
  ]
}
