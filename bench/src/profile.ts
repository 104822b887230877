/** Records where refold spends its time at a work. */
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { Session } from "node:inspector/promises"
import * as TestServer from "../../test/support/TestServer.ts"
import { BenchFailure } from "./BenchFailure.ts"
import { attempt } from "./contenders/Contender.ts"
import type { Work } from "./works/Work.ts"

const turnsPerRound = 200
const secondsPerRound = 2

/** Runs the first contender of a work for so many seconds and writes a profile for the developer tools of a browser. */
export const profile = Effect.fnUntraced(
  function*(work: Work, options: { readonly url: string; readonly seconds: number; readonly file: string }) {
    const clients = work.clients[work.clients.length - 1]!
    const url = yield* Effect.mapError(
      TestServer.makeDatabase(options.url),
      (cause) => new BenchFailure({ message: cause.message, cause })
    )
    const running = yield* work.contestants[0]!.open({ url, clients, seconds: secondsPerRound })
    const session = new Session()
    session.connect()
    yield* attempt(() => session.post("Profiler.enable"))
    let units = 0
    let seconds = 0
    for (let index = 0; seconds < options.seconds; index++) {
      const round = yield* running.prepare(Math.min(turnsPerRound, work.maxTurns), `p${index}`)
      // the first round is for the compiler
      if (index === 1) yield* attempt(() => session.post("Profiler.start"))
      const start = performance.now()
      yield* round.run
      if (index === 0) continue
      seconds += (performance.now() - start) / 1000
      units += round.amount
    }
    const { profile } = yield* attempt(() => session.post("Profiler.stop"))
    yield* Effect.sync(() => Fs.writeFileSync(options.file, JSON.stringify(profile)))
    return { clients, rate: units / seconds }
  },
  Effect.scoped
)
