/** The domain: what a salesperson can do with a lead, and what happens then. Pure; it knows of no store. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Aggregate } from "refold"

/** One line that every database can store and index. */
export const Text = Schema.String.check(
  Schema.isPattern(/^[^\p{Cc}\p{Cs}]{1,200}$/u, { expected: "1 to 200 characters, none of them a control character" })
)
const Email = Text.check(
  Schema.isPattern(/^[^\s@]{1,64}@[^\s@]{1,100}\.[^\s@]{1,60}$/, { expected: "an e-mail address" })
)
const Phone = Schema.String.check(Schema.isPattern(/^\+?[\d ()/-]{5,30}$/, { expected: "a phone number" }))
const Status = Schema.Literals(["Available", "FollowUp", "Closed", "Converted"])

/** A day on the calendar, wherever that is: 2026-12-01. */
const LocalDate = Schema.String.check(Schema.isPattern(/^\d{4}-\d{2}-\d{2}$/, { expected: "a date like 2026-12-01" }))

/** The calendar has no 30th of February, and PostgreSQL no year 0. */
const isDay = (text: string) => {
  const time = Date.parse(`${text}T00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text) && !text.startsWith("0000")
}

export const LeadCommand = Schema.TaggedUnion({
  InitializeLead: { name: Text, email: Email, phone: Phone },
  ChangeName: { name: Text },
  ChangeContactInfo: { email: Email, phone: Phone },
  ChangeStatus: { status: Status },
  SetFollowup: { on: LocalDate.check(Schema.makeFilter(isDay, { expected: "a day that exists" })) }
})

export const LeadEvent = Schema.TaggedUnion({
  LeadInitialized: { name: Schema.String, email: Schema.String, phone: Schema.String },
  NameChanged: { name: Schema.String },
  ContactInfoChanged: { email: Schema.String, phone: Schema.String },
  StatusChanged: { status: Status },
  FollowupSet: { on: LocalDate }
})
export type LeadEvent = typeof LeadEvent.Type

/** `null` until the lead is initialized. */
export const LeadState = Schema.NullOr(Schema.Struct({
  name: Schema.String,
  email: Schema.String,
  phone: Schema.String,
  status: Status,
  followup: Schema.NullOr(LocalDate)
}))
export type LeadState = typeof LeadState.Type

export class UnknownLead extends Data.TaggedError("UnknownLead")<{ readonly message: string }> {}
export class LeadExists extends Data.TaggedError("LeadExists")<{ readonly message: string }> {}
export class LeadNotOpen extends Data.TaggedError("LeadNotOpen")<{ readonly message: string }> {}
export class LeadConverted extends Data.TaggedError("LeadConverted")<{ readonly message: string }> {}

export const Lead = Aggregate.make("Lead", {
  command: LeadCommand,
  event: LeadEvent,
  state: LeadState,
  initial: null,
  decide: (command, lead) => {
    if (command._tag === "InitializeLead") {
      const { email, name, phone } = command
      return lead === null
        ? [{ _tag: "LeadInitialized", name, email, phone }]
        : Result.fail(new LeadExists({ message: `this lead is already there: ${lead.name}` }))
    }
    if (lead === null) return Result.fail(new UnknownLead({ message: "there is no such lead" }))
    switch (command._tag) {
      case "ChangeName":
        return command.name === lead.name ? [] : [{ _tag: "NameChanged", name: command.name }]
      case "ChangeContactInfo": {
        const { email, phone } = command
        return email === lead.email && phone === lead.phone ? [] : [{ _tag: "ContactInfoChanged", email, phone }]
      }
      case "ChangeStatus":
        if (command.status === lead.status) return []
        return lead.status === "Converted"
          ? Result.fail(new LeadConverted({ message: "a customer does not become a lead again" }))
          : [{ _tag: "StatusChanged", status: command.status }]
      case "SetFollowup":
        return lead.status === "Closed" || lead.status === "Converted"
          ? Result.fail(new LeadNotOpen({ message: `a lead that is ${lead.status} needs no follow-up` }))
          : [{ _tag: "FollowupSet", on: command.on }]
    }
  },
  evolve: (lead, event) => {
    if (event._tag === "LeadInitialized") {
      const { email, name, phone } = event
      return { name, email, phone, status: "Available", followup: null }
    }
    if (lead === null) return lead
    switch (event._tag) {
      case "NameChanged":
        return { ...lead, name: event.name }
      case "ContactInfoChanged":
        return { ...lead, email: event.email, phone: event.phone }
      case "StatusChanged":
        return { ...lead, status: event.status }
      case "FollowupSet":
        return { ...lead, followup: event.on }
    }
  },
  conflicts: {
    LeadInitialized: "collides",
    NameChanged: { collides: ["NameChanged"] },
    ContactInfoChanged: { collides: ["ContactInfoChanged"] },
    StatusChanged: { collides: ["StatusChanged", "FollowupSet"] },
    FollowupSet: { collides: ["StatusChanged", "FollowupSet"] }
  }
})
