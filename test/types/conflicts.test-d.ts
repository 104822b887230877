import { Aggregate } from "refold"
import type * as Conflicts from "refold/Conflicts"
import { describe, expectTypeOf, test } from "vitest"
import { lead, type LeadEvent } from "./fixtures.ts"

const make = (conflicts: Conflicts.ConflictTable<LeadEvent>) => Aggregate.make("Lead", { ...lead, conflicts })

test("a table is that of the aggregate's events", () => {
  expectTypeOf(make).parameter(0).toEqualTypeOf<
    Conflicts.Verdict | {
      readonly Initialized: Conflicts.Verdict | Conflicts.Rule<LeadEvent, "Initialized">
      readonly NameChanged: Conflicts.Verdict | Conflicts.Rule<LeadEvent, "NameChanged">
      readonly StatusChanged: Conflicts.Verdict | Conflicts.Rule<LeadEvent, "StatusChanged">
    }
  >()
  expectTypeOf(make("commutes").conflicts).toEqualTypeOf<Conflicts.Conflicts<LeadEvent>>()
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

const sameName = (mine: { readonly name: string }, theirs: { readonly name: string }) => mine.name === theirs.name
const sameStatus = (mine: { readonly status: string }, theirs: { readonly status: string }) =>
  mine.status === theirs.status

describe("a rule may depend on the two events", () => {
  type Event<Tag extends LeadEvent["_tag"]> = Extract<LeadEvent, { readonly _tag: Tag }>

  test("and knows which two they are", () => {
    Aggregate.make("Lead", {
      ...lead,
      conflicts: {
        Initialized: "collides",
        NameChanged: {
          collides: {
            Initialized: (mine, theirs) => {
              expectTypeOf(mine).toEqualTypeOf<Event<"NameChanged">>()
              expectTypeOf(theirs).toEqualTypeOf<Event<"Initialized">>()
              return mine.name === theirs.name
            },
            NameChanged: true
          },
          redecides: {
            StatusChanged: ({ name }, { status }) => {
              expectTypeOf(name).toEqualTypeOf<string>()
              expectTypeOf(status).toEqualTypeOf<"Open" | "Closed">()
              return name === status
            }
          }
        },
        StatusChanged: { collides: { StatusChanged: () => true }, redecides: ["StatusChanged"] }
      }
    })
  })

  test("wherever the table stands in the definition", () => {
    const { command, event, initial, state } = lead
    const first = Aggregate.make("Lead", {
      conflicts: {
        Initialized: {},
        NameChanged: { collides: { NameChanged: (mine, theirs) => mine.name !== theirs.name } },
        StatusChanged: {}
      },
      decide: (command) => [{ _tag: "NameChanged", name: command._tag }],
      evolve: (state) => state,
      command,
      event,
      initial,
      state
    })
    expectTypeOf(first.conflicts).toEqualTypeOf<Conflicts.Conflicts<LeadEvent>>()
  })

  test("by a function that serves several pairs", () => {
    const shared = Aggregate.make("Lead", {
      ...lead,
      conflicts: {
        Initialized: { collides: { Initialized: sameName, NameChanged: sameName } },
        NameChanged: { redecides: { NameChanged: sameName } },
        StatusChanged: { collides: { StatusChanged: sameStatus } }
      }
    })
    expectTypeOf(shared.conflicts).toEqualTypeOf<Conflicts.Conflicts<LeadEvent>>()
    expectTypeOf(shared.evolve).parameter(1).toEqualTypeOf<LeadEvent>()
  })

  test("and the table is asked about types, or about events", () => {
    const { conflicts } = make("commutes")
    expectTypeOf(conflicts.verdicts("NameChanged", "StatusChanged")[0]).toEqualTypeOf<Conflicts.Verdict>()
    expectTypeOf(conflicts.between).parameters.toEqualTypeOf<[LeadEvent, LeadEvent]>()
    void conflicts.between({ _tag: "NameChanged", name: "Ann" }, { _tag: "StatusChanged", status: "Open" })
    // @ts-expect-error: a type is not an event
    void conflicts.between("NameChanged", "StatusChanged")
  })
})

describe("a table does not compile", () => {
  test("if a condition looks at what is not in the events", () => {
    Aggregate.make("Lead", {
      ...lead,
      conflicts: {
        Initialized: {},
        // @ts-expect-error: a name has no status
        NameChanged: { collides: { NameChanged: (mine, theirs) => mine.status === theirs.name } },
        StatusChanged: {}
      }
    })
    Aggregate.make("Lead", {
      ...lead,
      conflicts: {
        Initialized: {},
        NameChanged: {},
        // @ts-expect-error: nor has theirs
        StatusChanged: { redecides: { NameChanged: (mine, theirs) => mine.status === theirs.status } }
      }
    })
    Aggregate.make("Lead", {
      ...lead,
      // @ts-expect-error: nor may a function demand it
      conflicts: { Initialized: {}, NameChanged: { collides: { NameChanged: sameStatus } }, StatusChanged: {} }
    })
    Aggregate.make("Lead", {
      ...lead,
      conflicts: {
        Initialized: {},
        // @ts-expect-error: there is no such status
        NameChanged: { collides: { StatusChanged: (mine, theirs) => theirs.status === "Lost" && mine.name === "" } },
        StatusChanged: {}
      }
    })
  })

  test("if a condition is for an event that does not exist, or is none", () => {
    Aggregate.make("Lead", {
      ...lead,
      // @ts-expect-error: no such event
      conflicts: { Initialized: {}, NameChanged: { collides: { Credited: () => true } }, StatusChanged: {} }
    })
    Aggregate.make("Lead", {
      ...lead,
      conflicts: {
        Initialized: {},
        // @ts-expect-error: no such event, beside one that exists
        NameChanged: { collides: { NameChanged: true, Credited: true } },
        StatusChanged: {}
      }
    })
    Aggregate.make("Lead", {
      ...lead,
      // @ts-expect-error: what does not collide is not named
      conflicts: { Initialized: {}, NameChanged: { collides: { NameChanged: false } }, StatusChanged: {} }
    })
    Aggregate.make("Lead", {
      ...lead,
      // @ts-expect-error: it says yes or no
      conflicts: { Initialized: {}, NameChanged: { collides: { NameChanged: () => "collides" } }, StatusChanged: {} }
    })
    Aggregate.make("Lead", {
      ...lead,
      // @ts-expect-error: nor does it say nothing
      conflicts: { Initialized: {}, NameChanged: { redecides: { NameChanged: () => {} } }, StatusChanged: {} }
    })
    Aggregate.make("Lead", {
      ...lead,
      // @ts-expect-error: a condition is about a pair, not about all of theirs
      conflicts: { Initialized: {}, NameChanged: { collides: () => true }, StatusChanged: {} }
    })
  })

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
