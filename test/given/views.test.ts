import { assert, describe, it } from "@effect/vitest"
import { Lead } from "@refold/example-leads/Lead"
import { eventsOf, given } from "@refold/vitest/Given"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import * as View from "refold/View"
import { makeAccount } from "../core/programs.ts"
import { failureOf } from "./failing.ts"

const contact = { email: "ann@example.com", phone: "+31 20 123 4567" }
const Day = Schema.Struct({ changes: Schema.Finite, by: Schema.Array(Schema.String) })

/** What happened on a day, and who did it; a day with a conversion is not shown. */
const Days = View.make("days", {
  version: 1,
  from: [Lead],
  state: Day,
  initial: { changes: 0, by: [] },
  key: ({ recordedAt }) => DateTime.formatIsoDateUtc(recordedAt),
  evolve: ({ by, changes }, { event, metadata: { actor = "nobody" } }) =>
    event._tag === "StatusChanged" && event.status === "Converted"
      ? null
      : { changes: changes + 1, by: by.includes(actor) ? by : [...by, actor] }
})

const named = (name: string) => ({ _tag: "NameChanged", name }) as const
const tuesday = { recordedAt: DateTime.makeUnsafe("2026-12-01T10:00:00Z"), metadata: { actor: "Ann" } }
const wednesday = { recordedAt: DateTime.makeUnsafe("2026-12-02T10:00:00Z"), metadata: { actor: "Bob" } }

describe("events that are given to a view", () => {
  it("come to its rows, however often they come", () =>
    given(Days, [
      eventsOf(Lead, "1", [{ _tag: "LeadInitialized", name: "Ann", ...contact }, named("Anna")], tuesday),
      eventsOf(Lead, "2", [{ _tag: "LeadInitialized", name: "Bea", ...contact }], tuesday),
      eventsOf(Lead, "1", [named("Anne")], wednesday)
    ]).then({
      "2026-12-01": { changes: 3, by: ["Ann"] },
      "2026-12-02": { changes: 1, by: ["Bob"] }
    }))

  it("may delete a row", () =>
    given(Days, [eventsOf(Lead, "1", [named("Anna"), { _tag: "StatusChanged", status: "Converted" }])]).then({}))

  it("may be none, or many", () => {
    given(Days, []).then({})
    const many = Array.from({ length: 1000 }, (_, index) => named(`${index}`))
    given(Days, [eventsOf(Lead, "1", many)]).then({ "1970-01-01": { changes: 1000, by: ["nobody"] } })
  })

  it("may come to a view that is made of others", () =>
    given(View.combine("all", { days: Days, same: Days }), [eventsOf(Lead, "1", [named("Ann")], tuesday)]).then({
      "2026-12-01": { days: { changes: 1, by: ["Ann"] }, same: { changes: 1, by: ["Ann"] } }
    }))

  it("have happened at the beginning of 1970, by nobody, unless it is said", () =>
    given(Days, [eventsOf(Lead, "1", [named("Anna")])]).then({ "1970-01-01": { changes: 1, by: ["nobody"] } }))

  it("are counted as the versions of their streams and the positions of one log", () => {
    const Places = View.make("places", {
      version: 1,
      from: [Lead],
      state: Schema.Array(Schema.Int),
      initial: [],
      evolve: (places, { position, version }) => [...places, version, position]
    })
    given(Places, [
      eventsOf(Lead, "1", [named("Ann"), named("Bea")]),
      eventsOf(Lead, "2", [named("Cy")]),
      eventsOf(Lead, "1", [named("Di")])
    ]).then({ 1: [1, 1, 2, 2, 3, 4], 2: [1, 3] })
  })
})

describe("rows that are not the expected ones", () => {
  it("are shown beside them, with the events that led there", () => {
    const { actual, calledFrom, expected, message } = failureOf(() =>
      given(Days, [eventsOf(Lead, "7", [named("Ann")], tuesday)]).then({ "2026-12-01": { changes: 2, by: ["Ann"] } })
    )
    assert.strictEqual(
      message,
      `the rows of days are not the expected ones\n\ngiven\n  1. Lead-7: NameChanged {"name":"Ann"}`
    )
    assert.deepStrictEqual(actual, { "2026-12-01": { changes: 1, by: ["Ann"] } })
    assert.deepStrictEqual(expected, { "2026-12-01": { changes: 2, by: ["Ann"] } })
    assert.include(calledFrom, import.meta.filename)
  })

  it("are found where the view changes what it is given", () => {
    const Careless = View.make("careless", {
      version: 1,
      from: [Lead],
      state: Schema.Struct({ names: Schema.mutable(Schema.Array(Schema.String)) }),
      initial: { names: [] },
      evolve: (row, { event }) => {
        if (event._tag === "NameChanged") row.names.push(event.name)
        return row
      }
    })
    const { message } = failureOf(() =>
      given(Careless, [eventsOf(Lead, "1", [named("Ann")])]).then({ 1: { names: ["Ann"] } })
    )
    assert.include(message, "when the events come in pages of 1, though they are when they come at once")
  })

  it("are found where the schema does not keep all that is in them", () => {
    const Row = Schema.Struct({ name: Schema.String })
    const known: typeof Row.Type & { readonly events: number } = { name: "", events: 0 }
    const Lossy = View.make("lossy", {
      version: 1,
      from: [Lead],
      state: Row,
      initial: known,
      evolve: (row) => ({ ...row, events: 1 })
    })
    const row = { ...known, events: 1 }
    const { actual, expected, message } = failureOf(() =>
      given(Lossy, [eventsOf(Lead, "1", [named("Ann")])]).then({ 1: row })
    )
    assert.include(message, "row 1 of lossy is another when it is stored and read again")
    assert.deepStrictEqual([actual, expected], [{ name: "" }, { name: "", events: 1 }])
  })

  it("are found where the view remembers something besides its rows", () => {
    let seen = 0
    const Forgetful = View.make("forgetful", {
      version: 1,
      from: [Lead],
      state: Schema.Struct({ nth: Schema.Int }),
      initial: { nth: 0 },
      evolve: () => ({ nth: ++seen })
    })
    assert.include(
      failureOf(() => given(Forgetful, [eventsOf(Lead, "1", [named("Ann")])]).then({ 1: { nth: 1 } })).message,
      "when the events come in pages of 1"
    )
  })
})

describe("a test of a view that is wrong itself is told", () => {
  it("that the view does not read such events", () => {
    const Account = makeAccount()
    const credited = eventsOf(Account, "1", [{ _tag: "Credited", cents: 50 }])
    assert.strictEqual(
      // @ts-expect-error: the compiler tells, too
      failureOf(() => given(Days, [credited])).message,
      "given(days): it does not read events of Account"
    )
  })

  it("that an event cannot be stored", () =>
    assert.include(
      failureOf(() => given(Days, [eventsOf(Lead, "1", [{ _tag: "FollowupSet", on: "some day" }])])).message,
      `given(Lead): FollowupSet {"on":"some day"} cannot be stored: `
    ))

  it("that a row does not fit the schema", () => {
    const Broken = View.make("broken", {
      version: 1,
      from: [Lead],
      state: Schema.Struct({ age: Schema.Finite }),
      initial: { age: 0 },
      evolve: () => ({ age: Number.NaN })
    })
    assert.include(
      failureOf(() => given(Broken, [eventsOf(Lead, "1", [named("Ann")])]).then({ 1: { age: Number.NaN } })).message,
      "given(broken): row 1 does not fit its schema: "
    )
  })

  it("that it ends before it expects anything", async () => {
    const awaited = await Promise.resolve(given(Days, [])).then(() => "passed", (error: Error) => error.message)
    assert.strictEqual(
      awaited,
      "given(days) was awaited, or returned by a test, without an expectation: end it with a `then`"
    )
  })
})
