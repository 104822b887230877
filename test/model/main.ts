/** Runs the model at length: `npm run test:model -- --runs 300 --seed 1 --engine postgres`. */
import { StoreModel } from "@refold/vitest"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import { parseArgs } from "node:util"
import * as EmbeddedPostgres from "../support/EmbeddedPostgres.ts"
import * as TestServer from "../support/TestServer.ts"
import { engines, onPostgres } from "./engines.ts"

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "2000" },
    seed: { type: "string" },
    replay: { type: "string" },
    engine: { type: "string", default: "memory" }
  }
})

const postgres = Effect.gen(function*() {
  const given = process.env["REFOLD_TEST_PG_URL"]
  const server = given === undefined || given === "" ? (yield* EmbeddedPostgres.make()).url : given
  return yield* onPostgres(yield* TestServer.makeDatabase(server))
})

const engine = Effect.gen(function*() {
  switch (values.engine) {
    case "memory":
      return yield* engines.memory
    case "pglite":
      return yield* engines.pglite
    case "postgres":
      return yield* postgres
    default:
      return yield* Effect.die(new Error(`There is no engine ${values.engine}: choose memory, pglite or postgres`))
  }
})

const program = Effect.gen(function*() {
  const runs = Number(values.runs)
  const seed = values.seed ?? String(Date.now())
  const startedAt = performance.now()
  const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1)
  yield* Console.log(`${runs} programs of seed ${seed} on ${values.engine}`)
  const figures = yield* StoreModel.check({
    ...yield* engine,
    runs,
    seed,
    replay: values.replay,
    onProgress: ({ acknowledged, programs, refused, unknown }) =>
      programs % Math.max(1, Math.ceil(runs / 20)) !== 0 ? Effect.void : Console.log(
        `${seconds()} s: ${programs} programs, ${acknowledged} appends acknowledged, ${refused} refused, ${unknown} unknown`
      )
  })
  yield* Console.log(`All is well after ${seconds()} s:`)
  for (const [what, count] of Object.entries(figures)) yield* Console.log(`  ${what}: ${count}`)
})

await Effect.runPromise(
  program.pipe(
    Effect.scoped,
    // a connection that was broken on purpose is not worth a line
    Effect.provideService(References.MinimumLogLevel, "Error"),
    Effect.catchTag("StoreModelFailed", ({ message }) =>
      Effect.andThen(
        Console.error(message),
        Effect.sync(() => {
          process.exitCode = 1
        })
      ))
  )
)
