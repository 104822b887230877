/** The same appends from one process and from two, which share a database and its lock. */
import * as Effect from "effect/Effect"
import { contendersByName, inProcesses } from "../contenders/processes.ts"
import { contestants, type Work } from "./Work.ts"

const inOne = contendersByName.map((name) => inProcesses(name, 1))
const inTwo = contendersByName.map((name) => inProcesses(name, 2))

export const processes: Work = {
  key: "processes",
  title: "Append 1 event to its own new stream, from one process and from two",
  unit: "events/s",
  clients: [64],
  maxTurns: Infinity,
  countsTries: false,
  contestants: contestants([...inOne, ...inTwo], (session, clients) =>
    Effect.succeed((turns, label) => {
      const amount = clients * turns
      return Effect.map(session.prepare(turns, label), (run) => ({
        run,
        turns,
        amount,
        count: amount,
        added: { streams: amount, events: amount }
      }))
    })),
  floors: inOne.slice(0, 1).map(({ name }, index) => ({
    clients: 64,
    of: inTwo[index]!.name,
    against: name,
    atLeast: 0.85
  }))
}
