/** Kills a PostgreSQL server, again and again, under processes that write to it and one that follows, and counts. */
import * as PgClient from "@effect/sql-pg/PgClient"
import { PgEventStore } from "@refold/sql-pg"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { EventStore } from "refold/EventStore"
import { makeAccount, makeLead } from "../postgres/fixtures/domain.ts"
import * as Children from "../support/children.ts"
import * as EmbeddedPostgres from "../support/EmbeddedPostgres.ts"
import * as Journal from "./journal.ts"
import { verify } from "./verify.ts"

const sources = [makeLead(), makeAccount()] as const

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "refold-crash-"))),
  (folder) => Effect.sync(() => Fs.rmSync(folder, { force: true, recursive: true }))
)

const program = (name: "writer" | "subscriber") => new URL(`./fixtures/${name}.ts`, import.meta.url)

/** A short time, as long as chance will have it. */
const aWhile = (atLeast: number, atMost: number) =>
  Effect.flatMap(Random.nextIntBetween(atLeast, atMost), (millis) => Effect.sleep(millis))

/** Runs with so many kills of the server; of the writing processes one is killed with every fourth. */
export const crash = Effect.fnUntraced(function*(
  { kills, onProgress, settings }: {
    readonly kills: number
    readonly onProgress: (line: string) => Effect.Effect<void>
    /** Settings of the server, over those under which it keeps what it has committed. */
    readonly settings?: Record<string, string>
  }
) {
  const folder = yield* temporaryFolder
  const server = yield* EmbeddedPostgres.make({ settings: { ...EmbeddedPostgres.durable, ...settings } })
  const store = PgEventStore.layer().pipe(Layer.provide(PgClient.layer({ url: Redacted.make(server.url) })))
  yield* Effect.provide(EventStore, store)

  const journals: Array<string> = []
  /** Those of writers that are gone. */
  const left: Array<string> = []
  const startWriter = Effect.suspend(() => {
    const name = `writer${journals.length + 1}`
    const journal = Path.join(folder, name)
    journals.push(journal)
    Fs.writeFileSync(journal, "")
    return Effect.map(
      Children.start(program("writer"), server.url, journal, name, ...left),
      (child) => ({ ...child, journal })
    )
  })
  const saw = Path.join(folder, "subscriber")
  const subscriber = yield* Children.start(program("subscriber"), server.url, saw)
  const writers = [yield* startWriter, yield* startWriter]
  let writersKilled = 0
  const restarts: Array<number> = []

  /** Until the youngest writer has written, so that there is something to kill, or cannot do so any more. */
  const untilBusy = Effect.sync(() =>
    Fs.statSync(journals.at(-1) ?? folder).size > 0 || writers.some(({ hasEnded }) => hasEnded())
  ).pipe(Effect.delay("20 millis"), Effect.repeat({ until: (isBusy) => isBusy }))

  for (let kill = 1; kill <= kills; kill++) {
    yield* untilBusy
    yield* aWhile(200, 1500)
    if (kill % 4 === 2) {
      const killed = kill % 8 === 2 ? 0 : 1
      yield* writers[killed]?.kill ?? Effect.void
      left.push(writers[killed]?.journal ?? "")
      writers[killed] = yield* startWriter
      writersKilled++
      yield* aWhile(0, 500)
    }
    yield* server.kill("SIGKILL")
    yield* aWhile(0, 300)
    const startedAt = performance.now()
    yield* server.start
    restarts.push(performance.now() - startedAt)
    yield* onProgress(`kill ${kill} of ${kills}: up again after ${restarts.at(-1)?.toFixed(0)} ms`)
  }

  yield* untilBusy
  yield* aWhile(200, 500)
  const stopped = yield* Effect.forEach(writers, ({ stop }) => stop)
  const log = yield* Effect.gen(function*() {
    const store = yield* EventStore
    yield* store.append(sources[1], "end", [{ _tag: "Credited", cents: 0 }])
    return yield* Stream.runCollect(store.readAll(sources, { pageSize: 5000 }))
  }).pipe(Effect.provide(store))
  stopped.push(yield* subscriber.stop)
  yield* onProgress(`${log.length} events to check`)

  const lines = (yield* Effect.forEach(journals, Journal.read)).flat()
  const { figures, problems } = verify(log, lines, yield* Journal.read(saw))
  return {
    problems: [...stopped.flat(), ...problems],
    figures: {
      kills,
      writersKilled,
      ...figures,
      longestRestartMillis: Math.round(Math.max(...restarts)),
      meanRestartMillis: Math.round(restarts.reduce((sum, millis) => sum + millis, 0) / restarts.length)
    }
  }
})
