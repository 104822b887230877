/** Workers that are killed, at length: `npm run test:projections -- --kills 30`. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { parseArgs } from "node:util"
import * as EmbeddedPostgres from "../support/EmbeddedPostgres.ts"
import { kills } from "./kills.ts"

const { values } = parseArgs({ options: { kills: { type: "string", default: "30" } } })

await Effect.runPromise(
  Effect.gen(function*() {
    const { url } = yield* EmbeddedPostgres.make()
    const { figures, problems } = yield* kills({
      kills: Number(values.kills),
      onProgress: (line) => Console.log(line),
      url
    })
    for (const [what, count] of Object.entries(figures)) yield* Console.log(`  ${what}: ${count}`)
    for (const problem of problems.slice(0, 20)) yield* Console.error(problem)
    if (problems.length > 0) {
      yield* Console.error(`${problems.length} things are wrong`)
      process.exitCode = 1
    } else yield* Console.log("All is well.")
  }).pipe(Effect.scoped)
)
