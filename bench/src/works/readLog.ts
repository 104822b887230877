/** The whole log through a reader, with next to nothing done to each event. */
import * as Effect from "effect/Effect"
import type { Reads } from "../contenders/Contender.ts"
import { emmettReader, emmettReaderTuned } from "../contenders/emmettConsumer.ts"
import { pages } from "../contenders/handwritten/pages.ts"
import { refoldReader, refoldReaderUndecoded } from "../contenders/refoldLog.ts"
import { type Entry, onLogs } from "./onLogs.ts"
import type { Work } from "./Work.ts"

const entries: ReadonlyArray<Entry<Reads>> = [
  { contender: refoldReader, eventsPerSecond: 100_000 },
  { contender: refoldReaderUndecoded, eventsPerSecond: 100_000 },
  { contender: emmettReader, eventsPerSecond: 1_000 },
  { contender: emmettReaderTuned, eventsPerSecond: 2_500 },
  { contender: pages, eventsPerSecond: 100_000 }
]

export const readLog: Work = {
  key: "read-log",
  title: "Read the whole log, adding up an amount",
  unit: "events/s",
  clients: [1],
  maxTurns: 1,
  countsTries: false,
  contestants: onLogs(entries, (session, log) => Effect.succeed({ run: session.read(log), count: log.amount })),
  floors: [
    { clients: 1, of: refoldReader.name, against: emmettReaderTuned.name, atLeast: 60 },
    { clients: 1, of: refoldReader.name, against: pages.name, atLeast: 0.4 }
  ]
}
