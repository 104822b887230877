import * as Effect from "effect/Effect"
import { EventStore } from "refold/EventStore"
import { check } from "../../StoreModel.ts"
import type { It } from "./fixtures.ts"

// another one in each run, and in the name, so that a failure can be repeated
const seed = globalThis.crypto.randomUUID().slice(0, 8)

export const modelling = (it: It) =>
  it.effect(
    `whatever concurrent clients do, a plain list of events explains it (programs of seed ${seed})`,
    () =>
      Effect.gen(function*() {
        const store = yield* EventStore
        yield* check({ clients: [{ store }, { store }, { store }], runs: 20, seed })
      }),
    120_000
  )
