/** A server that is killed under many writers keeps what it has acknowledged. `npm run test:crash` does it at length. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import { crash } from "./crash.ts"

it.live(
  "what was acknowledged outlives a server and processes that are killed, once and in order",
  () =>
    Effect.gen(function*() {
      const { figures, problems } = yield* crash({ kills: 3, onProgress: () => Effect.void })
      assert.deepStrictEqual(problems, [])
      assert.isAbove(figures.appendsAcknowledged, 0)
    }).pipe(Effect.provideService(References.MinimumLogLevel, "Error")),
  60_000
)
