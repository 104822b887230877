import { assert, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import * as MemoryEventStore from "refold/MemoryEventStore"
import * as Unique from "refold/Unique"

const Contact = Aggregate.make("Contact", {
  command: Schema.TaggedUnion({ SetEmail: { email: Schema.String } }),
  event: Schema.TaggedUnion({ EmailSet: { email: Schema.String } }),
  state: Schema.Struct({ email: Schema.String }),
  initial: { email: "" },
  decide: ({ email }) => [{ _tag: "EmailSet", email }],
  evolve: (_, { email }) => ({ email }),
  conflicts: "collides",
  unique: { email: ({ email }) => email }
})

const Badge = Aggregate.make("Badge", {
  command: Schema.TaggedUnion({ SetNumber: { number: Schema.String } }),
  event: Schema.TaggedUnion({ NumberSet: { number: Schema.String } }),
  state: Schema.Struct({ number: Schema.String }),
  initial: { number: "" },
  decide: ({ number }) => [{ _tag: "NumberSet", number }],
  evolve: (_, { number }) => ({ number }),
  conflicts: "collides",
  unique: { badge: ({ number }) => number }
})

const makeOther = (category: string) =>
  Aggregate.make(category, {
    command: Schema.TaggedUnion({ Go: {} }),
    event: Schema.TaggedUnion({ Gone: {} }),
    state: Schema.String,
    initial: "",
    decide: (_command) => [{ _tag: "Gone" }],
    evolve: (state) => state,
    conflicts: "commutes",
    unique: { email: (state) => state }
  })

it("a rule whose streams could not be named is refused when the aggregate is made", () => {
  assert.throws(() => makeOther("x".repeat(125)), /cannot have a unique email: the category is 131 characters long/)
})

layer(MemoryEventStore.layer)("an aggregate made of others", (it) => {
  it.effect("keeps the rules of each of them, on its own streams", () =>
    Effect.gen(function*() {
      const Employee = Aggregate.combine("Employee", { contact: Contact, badge: Badge })
      yield* Contact.execute("ann", { _tag: "SetEmail", email: "a@x.org" })
      yield* Employee.execute("bob", { _tag: "SetEmail", email: "a@x.org" })
      yield* Employee.execute("bob", { _tag: "SetNumber", number: "7" })
      const email = yield* Effect.flip(Employee.execute("cy", { _tag: "SetEmail", email: "a@x.org" }))
      const badge = yield* Effect.flip(Employee.execute("cy", { _tag: "SetNumber", number: "7" }))
      assert.instanceOf(email, Unique.NotUnique)
      assert.instanceOf(badge, Unique.NotUnique)
      assert.deepStrictEqual([email.rule, email.holder, badge.rule, badge.holder], ["email", "bob", "badge", "bob"])
    }))

  it("refuses two rules of the same name", () => {
    const Other = makeOther("Other")
    assert.throws(() => Aggregate.combine("Both", { contact: Contact, other: Other }), /two parts have a unique email/)
  })
})
