import { eventsOf, type Given, given } from "@refold/vitest/Given"
import * as Schema from "effect/Schema"
import { View } from "refold"
import { describe, expectTypeOf, test } from "vitest"
import {
  Account,
  type AccountEvent,
  Lead,
  type LeadClosed,
  type LeadEvent,
  type LeadState,
  type LeadUnknown
} from "./fixtures.ts"

const named = { _tag: "NameChanged", name: "Ann" } as const

describe("given/when/then of an aggregate takes", () => {
  test("its events and no others", () => {
    given(Lead)
    given(Lead, [])
    given(Lead, [named])
    // @ts-expect-error: an event of another aggregate
    given(Lead, [{ _tag: "Credited", cents: 1 }])
    // @ts-expect-error: a field is missing
    given(Lead, [{ _tag: "NameChanged" }])
    // @ts-expect-error: a name is a string
    given(Lead, []).when({ _tag: "ChangeName", name: "Ann" }).then([{ _tag: "NameChanged", name: 1 }])
  })

  test("its commands, and what they have seen", () => {
    given(Lead).when({ _tag: "ChangeName", name: "Ann" }, { seen: 0 })
    given(Lead).when({ _tag: "ChangeName", name: "Ann" }, { strict: 0 })
    // @ts-expect-error: no such command
    given(Lead).when({ _tag: "Rename", name: "Ann" })
    // @ts-expect-error: nothing is appended, so nothing is tried again
    given(Lead).when({ _tag: "ChangeName", name: "Ann" }, { attempts: 3 })
  })

  test("its rejections: as they are, by their tags, or what is true of them", () => {
    const when = given(Lead).when({ _tag: "ChangeName", name: "Ann" })
    expectTypeOf(when.thenRejected).parameter(0).toEqualTypeOf<
      | LeadUnknown
      | LeadClosed
      | "LeadUnknown"
      | "LeadClosed"
      | ((rejection: LeadUnknown | LeadClosed) => boolean)
    >()
    when.thenRejected((rejection) => rejection._tag === "LeadClosed" && rejection.name === "Ann")
    // @ts-expect-error: no such rejection
    when.thenRejected("LeadLost")
    // @ts-expect-error: never rejects
    given(Account).when({ _tag: "Credit", cents: 1 }).thenRejected("LeadUnknown")
  })

  test("pairs of its events, whole or by their tags", () => {
    const when = given(Lead).when({ _tag: "ChangeName", name: "Ann" })
    when.thenConflict()
    when.thenConflict([["NameChanged", named], [named, "StatusChanged"]])
    // @ts-expect-error: no such event
    when.thenConflict([["NameChanged", "Credited"]])
    // @ts-expect-error: mine, but not theirs
    when.thenConflict([["NameChanged"]])
  })

  test("its state", () => {
    expectTypeOf(given(Lead).thenState).parameter(0).toEqualTypeOf<LeadState>()
    // @ts-expect-error: not a state
    given(Account).thenState("0")
  })

  test("a `then` only after a `when`, and once", () => {
    // @ts-expect-error: nothing was asked for
    given(Lead, [named]).then([named])
    const checked = given(Lead, [named]).when({ _tag: "ChangeName", name: "Ann" }).then([])
    // @ts-expect-error: it was said what comes of it
    checked.then([])
    // @ts-expect-error: it was said what comes of it
    checked.thenRejected("LeadUnknown")
    expectTypeOf(checked.when).parameter(0).toEqualTypeOf<typeof Lead.command.Type>()
    expectTypeOf(checked).toEqualTypeOf<
      Given<{
        readonly Command: typeof Lead.command.Type
        readonly Event: LeadEvent
        readonly State: LeadState
        readonly Rejection: LeadUnknown | LeadClosed
      }>
    >()
  })
})

describe("given/then of a view takes", () => {
  const Names = View.make("names", {
    version: 1,
    from: [Lead],
    state: Schema.Struct({ name: Schema.String }),
    initial: { name: "" },
    evolve: (row, { event }) => event._tag === "NameChanged" ? { name: event.name } : row
  })

  test("events of the aggregates that it reads", () => {
    given(Names, [eventsOf(Lead, "1", [named]), eventsOf(Lead, "2", [named], { metadata: { actor: "Ann" } })])
    // @ts-expect-error: not of an aggregate that it reads
    given(Names, [eventsOf(Account, "1", [{ _tag: "Credited", cents: 1 }])])
    // @ts-expect-error: not an event of a lead
    eventsOf(Lead, "1", [{ _tag: "Credited", cents: 1 }])
    expectTypeOf(eventsOf(Account, "1", []).events).toEqualTypeOf<ReadonlyArray<AccountEvent>>()
  })

  test("its rows", () => {
    given(Names, []).then({ 1: { name: "Ann" } })
    // @ts-expect-error: a name is a string
    given(Names, []).then({ 1: { name: 1 } })
    // @ts-expect-error: a row that is not there is not expected
    given(Names, []).then({ 1: null })
  })
})
