/** The bank under kills, at length: `npm run test:bank -- --transfers 5000 --kills 30`. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import { parseArgs } from "node:util"
import * as EmbeddedPostgres from "../support/EmbeddedPostgres.ts"
import { run } from "./support/run.ts"

const { values } = parseArgs({
  options: {
    transfers: { type: "string", default: "5000" },
    kills: { type: "string", default: "30" },
    stalls: { type: "string", default: "10" },
    seed: { type: "string", default: `${Date.now()}` }
  }
})

await Effect.runPromise(
  Effect.gen(function*() {
    const { url } = yield* EmbeddedPostgres.make()
    const { ended, problems, seconds, struck } = yield* run({
      url,
      transfers: Number(values.transfers),
      kills: Number(values.kills),
      stalls: Number(values.stalls),
      seed: values.seed,
      onProgress: (line) => Console.log(line)
    })
    yield* Console.log(`After ${seconds.toFixed(1)} s and ${struck} strikes, seed ${values.seed}:`)
    for (const [how, count] of Object.entries(ended)) yield* Console.log(`  ${how}: ${count}`)
    for (const problem of problems.slice(0, 20)) yield* Console.error(problem)
    if (problems.length > 0) {
      yield* Console.error(`${problems.length} things are wrong`)
      process.exitCode = 1
    } else yield* Console.log("The books are in order.")
  }).pipe(Effect.scoped, Effect.provideService(References.MinimumLogLevel, "Error"))
)
