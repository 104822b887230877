import { Lead } from "@refold/example-leads/Lead"
import { given } from "@refold/vitest/Given"
import { describe, it } from "vitest"

const email = "ann@example.com"
const phone = "+31 20 123 4567"

const ann = given(Lead, [{ _tag: "LeadInitialized", name: "Ann", email, phone }])
const closed = given(Lead, [
  { _tag: "LeadInitialized", name: "Ann", email, phone },
  { _tag: "StatusChanged", status: "Closed" }
])
const converted = given(Lead, [
  { _tag: "LeadInitialized", name: "Ann", email, phone },
  { _tag: "StatusChanged", status: "Converted" }
])

describe("a lead", () => {
  it("is initialized once", () =>
    given(Lead)
      .when({ _tag: "InitializeLead", name: "Ann", email, phone })
      .then([{ _tag: "LeadInitialized", name: "Ann", email, phone }])
      .when({ _tag: "InitializeLead", name: "Bea", email, phone })
      .thenRejected("LeadExists"))

  it("is nothing before that", () =>
    given(Lead)
      .thenState(null)
      .when({ _tag: "ChangeName", name: "Ann" })
      .thenRejected("UnknownLead"))

  it("is available, and has no follow-up, at first", () =>
    ann.thenState({ name: "Ann", email, phone, status: "Available", followup: null }))

  it("has nothing to change where all is as it is asked to be", () => {
    ann.when({ _tag: "ChangeName", name: "Ann" }).thenUnchanged()
    ann.when({ _tag: "ChangeContactInfo", email, phone }).thenUnchanged()
    ann.when({ _tag: "ChangeStatus", status: "Available" }).thenUnchanged()
  })

  it("needs no follow-up once it is closed", () =>
    closed
      .when({ _tag: "SetFollowup", on: "2026-12-01" })
      .thenRejected(({ message }) => message === "a lead that is Closed needs no follow-up"))

  it("stays a customer", () => converted.when({ _tag: "ChangeStatus", status: "Closed" }).thenRejected("LeadConverted"))
})

describe("two people at one lead", () => {
  it("may change its name and its status", () =>
    ann
      .when({ _tag: "ChangeStatus", status: "FollowUp" })
      .when({ _tag: "ChangeName", name: "Anna" }, { seen: 1 })
      .then([{ _tag: "NameChanged", name: "Anna" }])
      .thenState({ name: "Anna", email, phone, status: "FollowUp", followup: null }))

  it("may not both change its name", () =>
    ann
      .when({ _tag: "ChangeName", name: "Anna" })
      .when({ _tag: "ChangeName", name: "Anne" }, { seen: 1 })
      .thenConflict([["NameChanged", "NameChanged"]]))

  it("may not close it and set a follow-up", () =>
    ann
      .when({ _tag: "ChangeStatus", status: "Closed" })
      .when({ _tag: "SetFollowup", on: "2026-12-01" }, { seen: 1 })
      .thenConflict([["FollowupSet", { _tag: "StatusChanged", status: "Closed" }]]))

  it("are told, even if one of them wants what was there when they looked", () =>
    ann
      .when({ _tag: "ChangeName", name: "Anna" })
      .when({ _tag: "ChangeName", name: "Ann" }, { seen: 1 })
      .thenConflict())
})
