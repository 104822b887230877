import * as Schema from "effect/Schema"
import { Aggregate, Projection, View, Views } from "refold"
import type { RecordedEvent } from "refold/RecordedEvent"
import { describe, expectTypeOf, test } from "vitest"
import { Account, type AccountEvent, Lead, type LeadEvent, type LeadState } from "./fixtures.ts"

const Row = Schema.Struct({ name: Schema.String, status: Schema.Literals(["Open", "Closed"]) })
type Row = typeof Row.Type

const definition = { version: 1, from: [Lead], state: Row, initial: { name: "", status: "Open" } } as const

describe("a view is inferred from its sources and its schema", () => {
  const Leads = View.make("leads", {
    ...definition,
    evolve: (row, recorded, key) => {
      expectTypeOf(row).toEqualTypeOf<Row>()
      expectTypeOf(recorded).toEqualTypeOf<RecordedEvent<LeadEvent>>()
      expectTypeOf(key).toEqualTypeOf<string>()
      return recorded.event._tag === "StatusChanged" ? { ...row, status: recorded.event.status } : row
    }
  })
  const Customers = View.make("customers", {
    version: 1,
    from: [Lead, Account],
    state: Schema.Int,
    initial: 0,
    key: ({ event, stream }) => {
      expectTypeOf(event).toEqualTypeOf<LeadEvent | AccountEvent>()
      return event._tag === "Credited" ? [] : stream.id
    },
    evolve: (count, { event }) => event._tag === "Debited" ? null : count + 1
  })

  test("its two types, by name", () => {
    expectTypeOf(Leads).toEqualTypeOf<View.View<{ readonly Event: LeadEvent; readonly State: Row }>>()
    expectTypeOf(Customers).toEqualTypeOf<
      View.View<{ readonly Event: LeadEvent | AccountEvent; readonly State: number }>
    >()
  })

  test("its rows", () => {
    const rows = View.fold(Leads, new Map(), [])
    expectTypeOf(rows).toEqualTypeOf<View.Rows<Row>>()
    expectTypeOf(View.states(rows)).toEqualTypeOf<ReadonlyMap<string, Row>>()
  })

  test("a copy with something changed is a view of the same types, wherever one is asked for", () => {
    const next = { ...Leads, version: 2 }
    expectTypeOf(View.fold(next, new Map(), [])).toEqualTypeOf<View.Rows<Row>>()
    expectTypeOf(Projection.catchUp(next)).toEqualTypeOf(Projection.catchUp(Leads))
    expectTypeOf(Views.all({ ...Customers, name: "clients" })).toEqualTypeOf(Views.all(Customers))
    expectTypeOf(View.combine("all", { leads: next })).toEqualTypeOf(View.combine("all", { leads: Leads }))
    // @ts-expect-error: a row begins as one
    View.fold({ ...Leads, initial: { name: "" } }, new Map(), [])
  })

  test("a combination, and its types", () => {
    const All = View.combine("all", { leads: Leads, customers: Customers })
    expectTypeOf<typeof All.state.Type>().toEqualTypeOf<{
      readonly leads: Row | null
      readonly customers: number | null
    }>()
    expectTypeOf(All.evolve).parameter(1).toEqualTypeOf<RecordedEvent<LeadEvent | AccountEvent>>()
  })
})

describe("a view does not compile", () => {
  test("if its rows do not fit the schema", () => {
    // @ts-expect-error: a status is one of the literals
    View.make("leads", { ...definition, initial: { name: "", status: "Lost" }, evolve: (row) => row })
    // @ts-expect-error: a row has a status
    View.make("leads", { ...definition, evolve: () => ({ name: "" }) })
    // @ts-expect-error: one branch forgets to return
    View.make("leads", { ...definition, evolve: (row, { version }) => version > 1 ? row : undefined })
  })

  test("if a row may be null, which is no row", () => {
    // @ts-expect-error: null deletes
    View.make("leads", { version: 1, from: [Lead], state: Schema.NullOr(Row), initial: null, evolve: () => null })
  })

  test("if it reads nothing", () => {
    // @ts-expect-error: no sources
    View.make("leads", { ...definition, from: [], evolve: (row) => row })
  })
})

describe("a combination of aggregates", () => {
  const Customer = Aggregate.combine("Customer", { lead: Lead, account: Account })

  test("takes the commands of all, and has a state of each", () => {
    expectTypeOf(Customer.execute).parameter(1).toEqualTypeOf<
      typeof Lead.command.Type | typeof Account.command.Type
    >()
    expectTypeOf<typeof Customer.event.Type>().toEqualTypeOf<LeadEvent | AccountEvent>()
    expectTypeOf<typeof Customer.state.Type>().toEqualTypeOf<{ readonly lead: LeadState; readonly account: number }>()
  })

  test("does not compile if parts share a tag", () => {
    // @ts-expect-error: every tag is shared
    Aggregate.combine("Twice", { one: Lead, two: Lead })
  })
})
