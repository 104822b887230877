import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Aggregate } from "refold"

export const Status = Schema.Literals(["Open", "Closed"])

export const LeadCommand = Schema.TaggedUnion({
  Initialize: { name: Schema.String },
  ChangeName: { name: Schema.String },
  ChangeStatus: { status: Status }
})
export const LeadEvent = Schema.TaggedUnion({
  Initialized: { name: Schema.String, on: Schema.DateTimeUtc },
  NameChanged: { name: Schema.String },
  StatusChanged: { status: Status }
})
export const LeadState = Schema.NullOr(Schema.Struct({ name: Schema.String, status: Status }))

export type LeadCommand = typeof LeadCommand.Type
export type LeadEvent = typeof LeadEvent.Type
export type LeadState = typeof LeadState.Type

export class LeadUnknown extends Data.TaggedError("LeadUnknown")<{}> {}
export class LeadClosed extends Data.TaggedError("LeadClosed")<{ readonly name: string }> {}

/** Whatever a valid definition consists of, to be spread and spoiled one piece at a time. Not a type is written out. */
export const lead = {
  command: LeadCommand,
  event: LeadEvent,
  state: LeadState,
  initial: null,
  evolve: (state: LeadState): LeadState => state,
  decide: () => [],
  conflicts: "collides"
} as const

/** Inferred throughout. */
export const Lead = Aggregate.make("Lead", {
  command: LeadCommand,
  event: LeadEvent,
  state: LeadState,
  initial: null,
  decide: (command, state) => {
    if (command._tag === "Initialize") return []
    if (state === null) return Result.fail(new LeadUnknown())
    if (command._tag === "ChangeName") return Result.succeed([{ _tag: "NameChanged", name: command.name }])
    return state.status === "Closed"
      ? Result.fail(new LeadClosed({ name: state.name }))
      : [{ _tag: "StatusChanged", status: command.status }]
  },
  evolve: (state, event) => {
    if (event._tag === "Initialized") return { name: event.name, status: "Open" }
    if (state === null) return null
    return event._tag === "NameChanged" ? { ...state, name: event.name } : { ...state, status: event.status }
  },
  conflicts: {
    Initialized: "collides",
    NameChanged: { collides: ["NameChanged"] },
    StatusChanged: { redecides: ["NameChanged"], collides: ["StatusChanged"] }
  }
})

export const AccountEvent = Schema.TaggedUnion({ Credited: { cents: Schema.Int }, Debited: { cents: Schema.Int } })
export type AccountEvent = typeof AccountEvent.Type

/** Never rejects. */
export const Account = Aggregate.make("Account", {
  command: Schema.TaggedUnion({ Credit: { cents: Schema.Int }, Debit: { cents: Schema.Int } }),
  event: AccountEvent,
  state: Schema.Int,
  initial: 0,
  decide: (command) =>
    command._tag === "Credit"
      ? [{ _tag: "Credited", cents: command.cents }]
      : [{ _tag: "Debited", cents: command.cents }, { _tag: "Debited", cents: 1 }],
  evolve: (balance, event) => event._tag === "Credited" ? balance + event.cents : balance - event.cents,
  conflicts: "redecides"
})
