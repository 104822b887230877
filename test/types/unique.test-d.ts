import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Aggregate, Reservations, type Unique } from "refold"
import type { Conflict, RetriesExhausted } from "refold/Conflict"
import type { EventStoreError } from "refold/EventStoreError"
import { describe, expectTypeOf, test } from "vitest"
import { Lead, lead, type LeadEvent, type LeadState, type LeadUnknown } from "./fixtures.ts"

const Person = Aggregate.make("Person", {
  ...lead,
  unique: {
    name: (state) => state?.name,
    initials: (state) => state === null ? [] : [state.name.slice(0, 1)]
  }
})

type Common = Conflict<LeadEvent> | RetriesExhausted | EventStoreError

describe("an aggregate with unique values", () => {
  test("is refused by the names of its rules", () => {
    const executed = Person.execute("1", { _tag: "ChangeName", name: "Ann" })
    expectTypeOf<Effect.Error<typeof executed>>().toEqualTypeOf<Unique.NotUnique<"name" | "initials"> | Common>()
  })

  test("is told of nothing of that kind if it has none", () => {
    const executed = Lead.execute("1", { _tag: "ChangeName", name: "Ann" })
    expectTypeOf<Extract<Effect.Error<typeof executed>, { readonly _tag: "NotUnique" }>>().toEqualTypeOf<never>()
    expectTypeOf<Extract<Effect.Error<typeof executed>, LeadUnknown>>().toEqualTypeOf<LeadUnknown>()
  })

  test("has rules on its state, which come to text", () => {
    Aggregate.make("Person", {
      ...lead,
      unique: {
        name: (state) => {
          expectTypeOf(state).toEqualTypeOf<LeadState>()
          return undefined
        }
      }
    })
    // @ts-expect-error: a number is not a value
    Aggregate.make("Person", { ...lead, unique: { name: () => 1 } })
  })

  test("is asked by the names of its rules", () => {
    void Reservations.holder(Person, "name", "Ann")
    // @ts-expect-error: no such rule
    void Reservations.holder(Person, "email", "a@x.org")
    // @ts-expect-error: no rules
    void Reservations.holder(Lead, "name", "Ann")
  })

  test("passes its rules on to what it is combined to", () => {
    const Other = Aggregate.make("Other", {
      command: Schema.TaggedUnion({ Go: {} }),
      event: Schema.TaggedUnion({ Gone: {} }),
      state: Schema.String,
      initial: "",
      decide: (_command) => [{ _tag: "Gone" }],
      evolve: (state) => state,
      conflicts: "commutes",
      unique: { place: (state) => state }
    })
    const Both = Aggregate.combine("Both", { person: Person, other: Other })
    void Reservations.holder(Both, "place", "here")
    void Reservations.holder(Both, "name", "Ann")
  })
})
