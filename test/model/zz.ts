import * as StoreModel from "@refold/vitest/StoreModel"
import * as Effect from "effect/Effect"
import { EventStore } from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"
const t=Date.now()
const r = await Effect.runPromise(Effect.gen(function*(){ const store = yield* EventStore
  return yield* Effect.result(StoreModel.check({ clients: [{store},{store},{store}], runs: Number(process.argv[2]), seed: Number(process.argv[3]) })) }).pipe(Effect.provide(MemoryEventStore.layer)))
console.log(r._tag==="Success"? r.success : r.failure.message, Date.now()-t)
