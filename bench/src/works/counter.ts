/** How many events each stream has: a projection in the database, in which every event counts exactly once. */
import * as Effect from "effect/Effect"
import type { Projects } from "../contenders/Contender.ts"
import { emmettProjector, emmettProjectorTuned } from "../contenders/emmettConsumer.ts"
import { setBased, upsert } from "../contenders/handwritten/counter.ts"
import { refoldProjector } from "../contenders/refoldLog.ts"
import { type Entry, onLogs } from "./onLogs.ts"
import type { Work } from "./Work.ts"

const entries: ReadonlyArray<Entry<Projects>> = [
  { contender: refoldProjector, eventsPerSecond: 100_000 },
  { contender: emmettProjector, eventsPerSecond: 1_000 },
  { contender: emmettProjectorTuned, eventsPerSecond: 2_500 },
  { contender: upsert, eventsPerSecond: 100_000 },
  { contender: setBased, eventsPerSecond: 100_000 }
]

export const counter: Work = {
  key: "counter",
  title: "Count the events of every stream, exactly once",
  unit: "events/s",
  clients: [1],
  maxTurns: 1,
  countsTries: false,
  contestants: onLogs(entries, (session, log, who) =>
    Effect.as(session.forget, {
      run: Effect.as(session.project(log), log.events),
      verify: session.verify(who, log)
    })),
  floors: [
    { clients: 1, of: refoldProjector.name, against: emmettProjectorTuned.name, atLeast: 50 },
    { clients: 1, of: refoldProjector.name, against: upsert.name, atLeast: 0.5 }
  ]
}
