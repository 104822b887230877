import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import { EventStoreError, Unavailable } from "refold/EventStoreError"
import * as MemoryEventStore from "refold/MemoryEventStore"
import { makeLead } from "./programs.ts"

it.effect("a conflict with a command ahead in line also tells what another process has appended since", () =>
  Effect.gen(function*() {
    const store = yield* EventStore
    const elsewhere = makeLead()
    const lead = makeLead()
    const status = { _tag: "ChangeStatus", status: "Closed" } as const
    const late: typeof store = {
      ...store,
      append: (source, id, events, options) =>
        store.append(source, id, events, options).pipe(
          Effect.tap(() => Effect.orDie(elsewhere.execute("a", { _tag: "ChangeName", name: "Bea" }))),
          Effect.provideService(EventStore, store)
        )
    }
    yield* lead.execute("a", { _tag: "Initialize", name: "Ann" })
    const [, conflict] = yield* Effect.all(
      [lead.execute("a", status, { seen: 1 }), Effect.flip(lead.execute("a", status, { seen: 1 }))],
      { concurrency: "unbounded" }
    ).pipe(Effect.provideService(EventStore, late))
    assert.strictEqual(conflict._tag, "Conflict")
    if (conflict._tag === "Conflict") {
      assert.strictEqual(conflict.actual, 3)
      assert.deepStrictEqual(conflict.theirs.map(({ version }) => version), [2, 3])
    }
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("a conflict of which the store cannot be asked how far it goes is not told by halves", () =>
  Effect.gen(function*() {
    const store = yield* EventStore
    const lead = makeLead()
    const status = { _tag: "ChangeStatus", status: "Closed" } as const
    const away = new EventStoreError({ reason: new Unavailable({ message: "gone", cause: undefined }) })
    const unreadable: typeof store = { ...store, read: () => Stream.fail(away) }
    yield* lead.execute("a", { _tag: "Initialize", name: "Ann" })
    const [, error] = yield* Effect.all(
      [lead.execute("a", status, { seen: 1 }), Effect.flip(lead.execute("a", status, { seen: 1 }))],
      { concurrency: "unbounded" }
    ).pipe(Effect.provideService(EventStore, unreadable))
    assert.strictEqual(error, away)
    const again = yield* Effect.flip(lead.execute("a", status, { seen: 1 }))
    assert.strictEqual(again._tag, "Conflict")
  }).pipe(Effect.provide(MemoryEventStore.layer)))
