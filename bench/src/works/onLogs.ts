/** Works that go through a log from its beginning to its end: one turn is all of it. */
import * as Effect from "effect/Effect"
import type { BenchFailure } from "../BenchFailure.ts"
import type { Contender, ReadsLogs } from "../contenders/Contender.ts"
import * as Log from "../log.ts"
import { type Contestant, contestants, type Round } from "./Work.ts"

/** So many events for a contender, as last for about a second. Only rates are compared: those who are slow get fewer. */
export interface Entry<S> {
  readonly contender: Contender<S>
  readonly eventsPerSecond: number
}

export const onLogs = <S extends ReadsLogs>(
  entries: ReadonlyArray<Entry<S>>,
  prepare: (
    session: S,
    log: Log.Log,
    contender: string
  ) => Effect.Effect<Omit<Round, "turns" | "amount" | "added">, BenchFailure>
): ReadonlyArray<Contestant> =>
  entries.flatMap(({ contender, eventsPerSecond }) =>
    contestants([contender], (session, _clients, seconds) => {
      const log = Log.ofAbout(eventsPerSecond * seconds)
      let added = { streams: log.streams, events: log.events }
      return Effect.as(session.store(log), () =>
        Effect.map(prepare(session, log, contender.name), (round) => {
          const whole = { ...round, turns: 1, amount: log.events, added }
          added = { streams: 0, events: 0 }
          return whole
        }))
    })
  )
