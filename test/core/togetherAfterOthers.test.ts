import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { EventStore } from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"
import { makeAccount } from "./programs.ts"

it.effect("commands that go together after what another process has appended are told of it", () =>
  Effect.gen(function*() {
    const store = yield* EventStore
    const elsewhere = makeAccount()
    const account = makeAccount()
    const credit = { _tag: "Credit", cents: 50 } as const
    const late: typeof store = {
      ...store,
      append: (source, id, events, options) =>
        (events.length > 1 ? Effect.orDie(elsewhere.execute("a", credit)) : Effect.void).pipe(
          Effect.andThen(store.append(source, id, events, options)),
          Effect.provideService(EventStore, store)
        )
    }
    const here = Effect.provideService(EventStore, late)
    const landed = yield* here(
      Effect.all(Array.from({ length: 3 }, () => account.execute("a", credit)), { concurrency: "unbounded" })
    )
    assert.deepStrictEqual(landed.map(({ version }) => version), [1, 3, 4])
    assert.deepStrictEqual(landed.map(({ missed }) => missed.map(({ version }) => version)), [[], [1, 2], [1, 2, 3]])
  }).pipe(Effect.provide(MemoryEventStore.layer)))
