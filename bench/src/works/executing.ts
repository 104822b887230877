/** Rounds of commands: each client has streams of its own, which nobody else touches. */
import * as Effect from "effect/Effect"
import type { Executes } from "../contenders/Contender.ts"
import { perClient, type Running } from "./Work.ts"

const length = 20
const commandsPerStream = 10

/**
 * A client gives a stream ten commands, one after the other, and goes on to the next stream. A stream begins with 20
 * events, which the first command has to read; who keeps states finds them for the other nine. Every round is of whole
 * streams, so that this is the same however fast a contender is.
 */
export const executing = (session: Executes, clients: number): Effect.Effect<Running["prepare"]> =>
  Effect.succeed((atLeast, label) => {
    const streamsPerClient = Math.ceil(atLeast / commandsPerStream)
    const turns = streamsPerClient * commandsPerStream
    const streams = perClient(clients, streamsPerClient, (client, index) => `${label}-${client}-${index}`)
    const seeded = streams.flat()
    const commands = streams.map((own) =>
      Array.from({ length: turns }, (_, turn) => own[Math.floor(turn / commandsPerStream)]!)
    )
    return Effect.as(session.seed(seeded, length), {
      run: session.execute(commands),
      turns,
      amount: clients * turns,
      added: { streams: seeded.length, events: seeded.length * length + clients * turns }
    })
  })
