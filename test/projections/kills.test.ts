/** Workers that are killed and frozen lose nothing and do nothing twice. `npm run test:projections` does it at length. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestDatabase from "../support/TestDatabase.ts"
import { kills } from "./kills.ts"

it.live(
  "projections whose workers are killed and frozen handle every event once, also those that were parked",
  () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.make
      const { figures, problems } = yield* kills({ kills: 3, onProgress: () => Effect.void, url })
      assert.deepStrictEqual(problems, [])
      assert.isAbove(figures.events, 0)
    }),
  90_000
)
