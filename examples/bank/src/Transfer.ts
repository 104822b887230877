/** A transfer of money from one account to another: what was asked for, and how it ended. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Aggregate } from "refold"
import { Cents, Text } from "./Account.ts"

const Order = { from: Text, to: Text, cents: Cents }

const TransferCommand = Schema.TaggedUnion({
  Request: Order,
  Complete: {},
  Decline: { reason: Schema.String },
  Compensate: { reason: Schema.String }
})

export const TransferEvent = Schema.TaggedUnion({
  TransferRequested: Order,
  /** The money is where it should go. */
  TransferCompleted: {},
  /** Nothing was taken from anybody. */
  TransferDeclined: { reason: Schema.String },
  /** The money was taken, could not be given to the other account, and is back where it came from. */
  TransferCompensated: { reason: Schema.String }
})

const Status = Schema.Literals(["under way", "completed", "declined", "compensated"])

/** `null` until the transfer is requested. */
export const TransferState = Schema.NullOr(Schema.Struct({ ...Order, status: Status, reason: Schema.String }))

export class TransferExists extends Data.TaggedError("TransferExists")<{ readonly message: string }> {}
export class SameAccount extends Data.TaggedError("SameAccount")<{ readonly message: string }> {}
export class NotUnderWay extends Data.TaggedError("NotUnderWay")<{ readonly message: string }> {}

export const Transfer = Aggregate.make("Transfer", {
  command: TransferCommand,
  event: TransferEvent,
  state: TransferState,
  initial: null,
  decide: (command, transfer) => {
    if (command._tag === "Request") {
      const { cents, from, to } = command
      if (from === to) return Result.fail(new SameAccount({ message: "that is one and the same account" }))
      if (transfer === null) return [{ _tag: "TransferRequested", from, to, cents }]
      // who sends a transfer again under its id has not heard that it was accepted
      return transfer.from === from && transfer.to === to && transfer.cents === cents
        ? []
        : Result.fail(new TransferExists({ message: "another transfer has this id" }))
    }
    if (transfer?.status !== "under way") {
      return Result.fail(new NotUnderWay({ message: "there is no such transfer under way" }))
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
  evolve: (transfer, event) => {
    if (event._tag === "TransferRequested") {
      const { cents, from, to } = event
      return { from, to, cents, status: "under way", reason: "" }
    }
    if (transfer === null) return transfer
    switch (event._tag) {
      case "TransferCompleted":
        return { ...transfer, status: "completed" }
      case "TransferDeclined":
        return { ...transfer, status: "declined", reason: event.reason }
      case "TransferCompensated":
        return { ...transfer, status: "compensated", reason: event.reason }
    }
  },
  // A transfer ends once, and how it ends is not to be decided twice.
  conflicts: {
    TransferRequested: { collides: ["TransferRequested"] },
    TransferCompleted: {
      collides: ["TransferDeclined", "TransferCompensated"],
      redecides: ["TransferCompleted"]
    },
    TransferDeclined: { collides: ["TransferCompleted", "TransferDeclined", "TransferCompensated"] },
    TransferCompensated: { collides: ["TransferCompleted", "TransferDeclined", "TransferCompensated"] }
  }
})
