/** The bank keeps its books although its processes are killed. `npm run test:bank` does it at length. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestDatabase from "../support/TestDatabase.ts"
import { run } from "./support/run.ts"

layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("300 transfers under kills", (it) => {
  it.effect(
    "end completed, declined or compensated, each once, and no money is lost or made",
    () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const { ended, problems, struck } = yield* run({
          url,
          transfers: 300,
          kills: 3,
          stalls: 1,
          seed: `${Date.now()}`,
          onProgress: () => Effect.void
        })
        assert.deepStrictEqual(problems, [])
        assert.strictEqual(struck, 4)
        for (const count of Object.values(ended)) assert.isAbove(count, 0)
      }).pipe(Effect.scoped),
    120_000
  )
})
