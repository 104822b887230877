/** The model on PostgreSQL, with all that clients there can do and suffer. `npm run test:model` does it at length. */
import { it } from "@effect/vitest"
import { StoreModel } from "@refold/vitest"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import { inject } from "vitest"
import * as TestServer from "../support/TestServer.ts"
import { onPostgres } from "./engines.ts"

const seed = globalThis.crypto.randomUUID().slice(0, 8)

it.live(
  `whatever clients of several processes do, and whichever connections break, a plain list of events explains it (programs of seed ${seed})`,
  () =>
    Effect.gen(function*() {
      const url = yield* TestServer.makeDatabase(inject("postgresUrl"))
      yield* StoreModel.check({ ...yield* onPostgres(url), runs: 25, seed })
      // a connection that was broken on purpose is not worth a line
    }).pipe(Effect.provideService(References.MinimumLogLevel, "Error")),
  120_000
)
