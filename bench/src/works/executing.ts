/** Rounds of commands: each client has streams of its own, which nobody else touches. */
import * as Effect from "effect/Effect"
import type { Executes } from "../contenders/Contender.ts"
import { perClient, type Running } from "./Work.ts"

const length = 20
const commandsPerStream = 10
const streamsAtATime = 8

/**
 * A client works on eight streams in turn until each has had ten commands, then on the next eight. A stream begins with 20
 * events, which the first command has to read; who keeps states finds them for the other nine.
 */
export const executing = (session: Executes, clients: number): Effect.Effect<Running["prepare"]> =>
  Effect.succeed((turns, label) => {
    const streams = perClient(
      clients,
      Math.ceil(turns / (commandsPerStream * streamsAtATime)) * streamsAtATime,
      (client, index) => `${label}-${client}-${index}`
    )
    const commands = streams.map((streams) =>
      Array.from({ length: turns }, (_, turn) => {
        const set = Math.floor(turn / (commandsPerStream * streamsAtATime))
        return streams[set * streamsAtATime + turn % streamsAtATime]!
      })
    )
    const seeded = streams.flat()
    return Effect.as(session.seed(seeded, length), {
      run: session.execute(commands),
      amount: clients * turns,
      added: { streams: seeded.length, events: seeded.length * length + clients * turns }
    })
  })
