import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import * as EventStore from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import { startProcess, store } from "./fixtures/database.ts"
import { credited, freshId, makeAccount } from "./fixtures/domain.ts"

const rounds = 12
const writers = 8

class Undone extends Error {}

/** Each append to several streams writes its own number to all of them, in random order. */
const numbered = Effect.fnUntraced(function*(account: ReturnType<typeof makeAccount>, ids: ReadonlyArray<string>, n: number) {
  const chosen = (yield* Random.shuffle(ids)).slice(0, yield* Random.nextIntBetween(2, 5))
  const versions = yield* Effect.forEach(chosen, (id) => EventStore.EventStore.use((store) => store.version(account, id)))
  const strict = (yield* Random.nextBoolean)
  return yield* EventStore.appendAll(chosen.map((id, index) =>
    EventStore.appendTo(account, id, index === 3 ? [] : [credited(n), credited(n)], {
      condition: strict ? AppendCondition.at(versions[index]!) : AppendCondition.onlySince(versions[index]!, ["Credited"])
    })
  ))
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("three processes that append to many streams at once", (it) => {
  it.effect("in random order, in and outside of transactions, make a serial history without a deadlock", () =>
    Effect.gen(function*() {
      const account = makeAccount(`Account-${freshId()}`)
      const ids = Array.from({ length: 6 }, (_, index) => `account ${index}`)
      const processes = yield* Effect.forEach(Array.from({ length: 3 }), () => startProcess({ client: { maxConnections: 4 } }))
      const following = yield* EventStore.EventStore.use((store) => store.subscribe([account]))
      void following
    }))
})
