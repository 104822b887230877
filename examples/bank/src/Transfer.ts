/** A transfer of money from one account to another: what was asked for, and how it ended. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Aggregate } from "refold"
import { Cents, Text } from "./Account.ts"

const Order = { from: Text, to: Text, cents: Cents }

export const TransferEvent = Schema.TaggedUnion({
  TransferRequested: Order,
  /** The money is where it should go. */
  TransferCompleted: {},
  /** Nothing was taken from anybody. */
  TransferDeclined: { reason: Schema.String },
  /** The money was taken, the other account did not take it, and it is back where it came from. */
  TransferCompensated: { reason: Schema.String }
})

export class TransferExists extends Data.TaggedError("TransferExists")<{ readonly message: string }> {}
export class SameAccount extends Data.TaggedError("SameAccount")<{ readonly message: string }> {}
export class NotUnderWay extends Data.TaggedError("NotUnderWay")<{ readonly message: string }> {}

export const Transfer = Aggregate.make("Transfer", {
  command: Schema.TaggedUnion({
    Request: Order,
    Complete: {},
    Decline: { reason: Schema.String },
    Compensate: { reason: Schema.String }
  }),
  event: TransferEvent,
  state: Schema.Struct({
    status: Schema.Literals(["unknown", "under way", "completed", "declined", "compensated"]),
    from: Schema.String,
    to: Schema.String,
    cents: Schema.Int,
    reason: Schema.String
  }),
  initial: { status: "unknown", from: "", to: "", cents: 0, reason: "" },
  decide: (command, transfer) => {
    if (command._tag === "Request") {
      const { cents, from, to } = command
      if (from === to) return Result.fail(new SameAccount({ message: "that is one and the same account" }))
      if (transfer.status === "unknown") return [{ _tag: "TransferRequested", from, to, cents }]
      // who sends a transfer again under its id has not heard that it was accepted
      return transfer.from === from && transfer.to === to && transfer.cents === cents
        ? []
        : Result.fail(new TransferExists({ message: "another transfer has this id" }))
    }
    if (transfer.status !== "under way") {
      return Result.fail(new NotUnderWay({ message: `the transfer is ${transfer.status}` }))
    }
    switch (command._tag) {
      case "Complete":
        return [{ _tag: "TransferCompleted" }]
      case "Decline":
        return [{ _tag: "TransferDeclined", reason: command.reason }]
      case "Compensate":
        return [{ _tag: "TransferCompensated", reason: command.reason }]
    }
  },
  evolve: (transfer, { _tag, ...told }) => ({ ...transfer, ...told, status: statusAfter[_tag] }),
  // How a transfer ends is not to be decided twice.
  conflicts: {
    TransferRequested: { collides: ["TransferRequested"] },
    TransferCompleted: { collides: ["TransferDeclined", "TransferCompensated"], redecides: ["TransferCompleted"] },
    TransferDeclined: { collides: ["TransferCompleted", "TransferDeclined", "TransferCompensated"] },
    TransferCompensated: { collides: ["TransferCompleted", "TransferDeclined", "TransferCompensated"] }
  }
})

const statusAfter = {
  TransferRequested: "under way",
  TransferCompleted: "completed",
  TransferDeclined: "declined",
  TransferCompensated: "compensated"
} as const
