import { Aggregate } from "refold"
import type * as Conflicts from "refold/Conflicts"
import { describe, expectTypeOf, test } from "vitest"
import { lead, type LeadEvent } from "./fixtures.ts"

const make = (conflicts: Conflicts.ConflictTable<LeadEvent["_tag"]>) => Aggregate.make("Lead", { ...lead, conflicts })

test("a table is that of the aggregate's events", () => {
  expectTypeOf(make).parameter(0).toEqualTypeOf<
    Conflicts.Verdict | {
      readonly Initialized: Conflicts.Verdict | Conflicts.Rule<LeadEvent["_tag"]>
      readonly NameChanged: Conflicts.Verdict | Conflicts.Rule<LeadEvent["_tag"]>
      readonly StatusChanged: Conflicts.Verdict | Conflicts.Rule<LeadEvent["_tag"]>
    }
  >()
  expectTypeOf(make("commutes").conflicts).toEqualTypeOf<Conflicts.Conflicts<LeadEvent["_tag"]>>()
})

describe("a table compiles", () => {
  test("if it is one verdict for everything", () => {
    Aggregate.make("Lead", { ...lead, conflicts: "commutes" })
    Aggregate.make("Lead", { ...lead, conflicts: "redecides" })
    Aggregate.make("Lead", { ...lead, conflicts: "collides" })
  })

  test("if it names every event, with a verdict or a rule", () => {
    Aggregate.make("Lead", {
      ...lead,
      conflicts: {
        Initialized: "collides",
        NameChanged: {},
        StatusChanged: { collides: ["StatusChanged"], redecides: ["NameChanged", "Initialized"] }
      }
    })
  })
})

describe("a table does not compile", () => {
  test("if it is left out", () => {
    const { command, decide, event, evolve, initial, state } = lead
    // @ts-expect-error: nothing is implied
    Aggregate.make("Lead", { command, decide, event, evolve, initial, state })
    // @ts-expect-error: nor if it is given as undefined
    Aggregate.make("Lead", { ...lead, conflicts: undefined })
  })

  test("if it does not name an event", () => {
    // @ts-expect-error: StatusChanged is missing
    Aggregate.make("Lead", { ...lead, conflicts: { Initialized: "collides", NameChanged: {} } })
    // @ts-expect-error: all are missing
    Aggregate.make("Lead", { ...lead, conflicts: {} })
    // @ts-expect-error: undefined is no rule
    Aggregate.make("Lead", { ...lead, conflicts: { Initialized: {}, NameChanged: {}, StatusChanged: undefined } })
  })

  test("if it names an event that does not exist", () => {
    Aggregate.make("Lead", {
      ...lead,
      // @ts-expect-error: as one of mine
      conflicts: { Initialized: {}, NameChanged: {}, StatusChanged: {}, Credited: {} }
    })
    Aggregate.make("Lead", {
      ...lead,
      // @ts-expect-error: as one of theirs that collides
      conflicts: { Initialized: {}, NameChanged: { collides: ["NameChanged", "Credited"] }, StatusChanged: {} }
    })
    Aggregate.make("Lead", {
      ...lead,
      // @ts-expect-error: as one of theirs that lets mine decide again
      conflicts: { Initialized: {}, NameChanged: { redecides: ["Credited"] }, StatusChanged: {} }
    })
  })

  test("if it gives a verdict that does not exist", () => {
    // @ts-expect-error: for everything
    Aggregate.make("Lead", { ...lead, conflicts: "merges" })
    // @ts-expect-error: for one event
    Aggregate.make("Lead", { ...lead, conflicts: { Initialized: "merges", NameChanged: {}, StatusChanged: {} } })
    Aggregate.make("Lead", {
      ...lead,
      // @ts-expect-error: for a pair
      conflicts: { Initialized: { merges: ["NameChanged"] }, NameChanged: {}, StatusChanged: {} }
    })
    Aggregate.make("Lead", {
      ...lead,
      // @ts-expect-error: what commutes is not named
      conflicts: { Initialized: { commutes: ["NameChanged"] }, NameChanged: {}, StatusChanged: {} }
    })
  })
})
