import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import { type EventStore, Projection, View, Views } from "refold"
import type { EventStoreError } from "refold/EventStoreError"
import type { PartitionsDiffer, ProjectionHalted, ProjectionStore } from "refold/ProjectionStore"
import type { RecordedEvent } from "refold/RecordedEvent"
import type * as ViewError from "refold/ViewError"
import { describe, expectTypeOf, test } from "vitest"
import { Account, type AccountEvent, Lead, type LeadEvent } from "./fixtures.ts"

interface Names {
  readonly names: ReadonlyArray<string>
}

const names = View.make("names", {
  version: 1,
  from: [Lead],
  state: Schema.Struct({ names: Schema.Array(Schema.String) }),
  initial: { names: [] },
  evolve: (state, recorded) => {
    expectTypeOf(recorded).toEqualTypeOf<RecordedEvent<LeadEvent>>()
    return recorded.event._tag === "NameChanged" ? { names: [...state.names, recorded.event.name] } : null
  }
})

describe("a view", () => {
  test("infers its events from its sources and its state from its schema", () => {
    expectTypeOf(names).toEqualTypeOf<View.View<{ readonly Event: LeadEvent; readonly State: Names }>>()
    const both = View.make("both", {
      version: 1,
      from: [Lead, Account],
      state: Schema.Int,
      initial: 0,
      key: ({ event }) => {
        expectTypeOf(event).toEqualTypeOf<LeadEvent | AccountEvent>()
        return [event._tag]
      },
      evolve: (count) => count + 1
    })
    expectTypeOf(both).toEqualTypeOf<View.View<{ readonly Event: LeadEvent | AccountEvent; readonly State: number }>>()
  })

  test("is read with what may go wrong in the type", () => {
    expectTypeOf(Views.get(names, "1")).toEqualTypeOf<
      Effect.Effect<Option.Option<Names>, Views.ReadError, EventStore.EventStore | ProjectionStore>
    >()
    expectTypeOf(Views.all(names, { consistency: { atLeast: 5, within: "1 second" } })).toEqualTypeOf<
      Effect.Effect<ReadonlyMap<string, Names>, Views.ReadError, EventStore.EventStore | ProjectionStore>
    >()
    expectTypeOf(Views.live(names)).toEqualTypeOf<
      Effect.Effect<ReadonlyMap<string, Names>, EventStoreError, EventStore.EventStore>
    >()
    const change: Views.Change<Names> = { key: "1", state: undefined, position: 1 }
    expectTypeOf(Views.changes(names, { after: change })).toEqualTypeOf<
      Stream.Stream<Views.Change<Names>, EventStoreError | ViewError.UnreadableRow, ProjectionStore>
    >()
    // @ts-expect-error: there is no such consistency
    void Views.get(names, "1", { consistency: "strong" })
    // @ts-expect-error: a key alone says nothing of the place
    void Views.changes(names, { after: { key: "1" } })
  })

  test("is run as a projection, which needs the place where rows are kept", () => {
    const caughtUp = Projection.catchUp(names)
    expectTypeOf<Effect.Error<typeof caughtUp>>().toEqualTypeOf<
      EventStoreError | ViewError.UnreadableRow | ViewError.InvalidKey | PartitionsDiffer | ProjectionHalted
    >()
    expectTypeOf<Effect.Services<typeof caughtUp>>().toEqualTypeOf<EventStore.EventStore | ProjectionStore>()
    expectTypeOf(Projection.inline(names)).toEqualTypeOf<
      Layer.Layer<EventStore.EventStore, PartitionsDiffer | EventStoreError, EventStore.EventStore | ProjectionStore>
    >()
  })

  test("does not compile with a state that its schema does not have", () => {
    View.make("wrong", {
      version: 1,
      from: [Lead],
      state: Schema.Struct({ count: Schema.Int }),
      // @ts-expect-error: a number is no string
      initial: { count: "0" },
      evolve: (state) => state
    })
    View.make("wrong", {
      version: 1,
      from: [Lead],
      state: Schema.Struct({ count: Schema.Int }),
      initial: { count: 0 },
      // @ts-expect-error: undefined is no row; null deletes one
      evolve: () => undefined
    })
    View.make("wrong", {
      version: 1,
      from: [Lead],
      // @ts-expect-error: null is no state, it deletes the row
      state: Schema.NullOr(Schema.Int),
      initial: 0,
      evolve: (state) => state
    })
  })
})
