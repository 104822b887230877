/**
 * The crash test at length: `npm run test:crash -- --kills 30`. With `--careless` the server acknowledges what it has not
 * written yet, and the test must fail.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import { parseArgs } from "node:util"
import { crash } from "./crash.ts"

const { values } = parseArgs({
  options: { kills: { type: "string", default: "30" }, careless: { type: "boolean", default: false } }
})

await Effect.runPromise(
  Effect.gen(function*() {
    const startedAt = performance.now()
    const { figures, problems } = yield* crash({
      kills: Number(values.kills),
      onProgress: (line) => Console.log(line),
      settings: values.careless ? { synchronous_commit: "off" } : {}
    })
    yield* Console.log(`After ${((performance.now() - startedAt) / 1000).toFixed(1)} s:`)
    for (const [what, count] of Object.entries(figures)) yield* Console.log(`  ${what}: ${count}`)
    for (const problem of problems.slice(0, 20)) yield* Console.error(problem)
    if (problems.length > 0) {
      yield* Console.error(`${problems.length} things are wrong`)
      process.exitCode = 1
    } else yield* Console.log("All is well.")
  }).pipe(Effect.scoped, Effect.provideService(References.MinimumLogLevel, "Error"))
)
