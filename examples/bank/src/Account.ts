/** An account: what may be done with it, and what happens then. It never holds less than nothing. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Aggregate } from "refold"

/** A name or an id, on one line. */
export const Text = Schema.String.check(
  Schema.isPattern(/^[^\p{Cc}\p{Cs}]{1,100}$/u, { expected: "1 to 100 characters, none of them a control character" })
)

export const Cents = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100_000_000 }))

/** With the transfer it belongs to, unless it is cash. */
const Booking = { cents: Cents, transfer: Schema.optionalKey(Text) }
const Refund = { cents: Cents, transfer: Text }

export const AccountCommand = Schema.TaggedUnion({
  Open: { owner: Text },
  Credit: Booking,
  Debit: Booking,
  Refund,
  Close: {}
})

export const AccountEvent = Schema.TaggedUnion({
  AccountOpened: { owner: Text },
  Credited: Booking,
  Debited: Booking,
  Refunded: Refund,
  AccountClosed: {}
})
export type AccountEvent = typeof AccountEvent.Type

export class UnknownAccount extends Data.TaggedError("UnknownAccount")<{ readonly message: string }> {}
export class AccountExists extends Data.TaggedError("AccountExists")<{ readonly message: string }> {}
export class ClosedAccount extends Data.TaggedError("ClosedAccount")<{ readonly message: string }> {}
export class InsufficientFunds extends Data.TaggedError("InsufficientFunds")<{ readonly message: string }> {}
export class AccountNotEmpty extends Data.TaggedError("AccountNotEmpty")<{ readonly message: string }> {}

export const money = (cents: number): string => (cents / 100).toFixed(2)

export const Account = Aggregate.make("Account", {
  command: AccountCommand,
  event: AccountEvent,
  state: Schema.Struct({
    status: Schema.Literals(["unknown", "open", "closed"]),
    owner: Schema.String,
    balance: Schema.Int
  }),
  initial: { status: "unknown", owner: "", balance: 0 },
  decide: (command, { balance, owner, status }) => {
    if (command._tag === "Open") {
      return status === "unknown"
        ? [{ _tag: "AccountOpened", owner: command.owner }]
        : Result.fail(new AccountExists({ message: `this account is ${owner}'s` }))
    }
    if (status === "unknown") return Result.fail(new UnknownAccount({ message: "there is no such account" }))
    switch (command._tag) {
      case "Credit":
        return status === "closed"
          ? Result.fail(new ClosedAccount({ message: "the account is closed" }))
          : [{ ...command, _tag: "Credited" }]
      case "Debit":
        return command.cents > balance
          ? Result.fail(new InsufficientFunds({ message: `there is only ${money(balance)} in the account` }))
          : [{ ...command, _tag: "Debited" }]
      // what comes back is its owner's, who may have closed the account meanwhile
      case "Refund":
        return [{ ...command, _tag: "Refunded" }]
      case "Close":
        if (status === "closed") return []
        return balance > 0
          ? Result.fail(new AccountNotEmpty({ message: `there is still ${money(balance)} in the account` }))
          : [{ _tag: "AccountClosed" }]
    }
  },
  evolve: (account, event) => {
    switch (event._tag) {
      case "AccountOpened":
        return { ...account, status: "open", owner: event.owner }
      case "Credited":
      case "Refunded":
        return { ...account, balance: account.balance + event.cents }
      case "Debited":
        return { ...account, balance: account.balance - event.cents }
      case "AccountClosed":
        return { ...account, status: "closed" }
    }
  },
  // Nobody argues about the order of bookings; but what is to be taken must be there, and a closed account takes nothing.
  conflicts: {
    AccountOpened: { collides: ["AccountOpened"] },
    Credited: { redecides: ["AccountClosed"] },
    Debited: { redecides: ["Debited"] },
    Refunded: "commutes",
    AccountClosed: { redecides: ["Credited", "Refunded", "AccountClosed"] }
  },
  snapshots: { every: 100, version: 1 }
})
