/** An account: what may be done with it, and what happens then. It never holds less than nothing. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Aggregate } from "refold"

/** A name or an id, on one line. */
export const Text = Schema.String.check(
  Schema.isPattern(/^[^\p{Cc}\p{Cs}]{1,100}$/u, { expected: "1 to 100 characters, none of them a control character" })
)

/** Money, in whole cents. */
export const Cents = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100_000_000 }))

/** What is booked; with the transfer it belongs to, unless it was paid in or out at the counter. */
const Booking = { cents: Cents, transfer: Schema.optionalKey(Text) }

export const AccountCommand = Schema.TaggedUnion({
  Open: { owner: Text },
  Credit: Booking,
  Debit: Booking,
  Refund: { cents: Cents, transfer: Text },
  Close: {}
})

export const AccountEvent = Schema.TaggedUnion({
  AccountOpened: { owner: Text },
  Credited: Booking,
  Debited: Booking,
  Refunded: { cents: Cents, transfer: Text },
  AccountClosed: {}
})
export type AccountEvent = typeof AccountEvent.Type

/** `null` until the account is opened. */
export const AccountState = Schema.NullOr(Schema.Struct({
  owner: Text,
  balance: Schema.Int,
  isClosed: Schema.Boolean
}))
export type AccountState = typeof AccountState.Type

export class UnknownAccount extends Data.TaggedError("UnknownAccount")<{ readonly message: string }> {}
export class AccountExists extends Data.TaggedError("AccountExists")<{ readonly message: string }> {}
export class ClosedAccount extends Data.TaggedError("ClosedAccount")<{ readonly message: string }> {}
export class InsufficientFunds extends Data.TaggedError("InsufficientFunds")<{ readonly message: string }> {}
export class AccountNotEmpty extends Data.TaggedError("AccountNotEmpty")<{ readonly message: string }> {}

export const money = (cents: number): string => (cents / 100).toFixed(2)

export const Account = Aggregate.make("Account", {
  command: AccountCommand,
  event: AccountEvent,
  state: AccountState,
  initial: null,
  decide: (command, account) => {
    if (command._tag === "Open") {
      return account === null
        ? [{ _tag: "AccountOpened", owner: command.owner }]
        : Result.fail(new AccountExists({ message: `this account is ${account.owner}'s already` }))
    }
    if (account === null) return Result.fail(new UnknownAccount({ message: "there is no such account" }))
    const { balance, isClosed } = account
    switch (command._tag) {
      case "Credit":
        return isClosed
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
        if (isClosed) return []
        return balance > 0
          ? Result.fail(new AccountNotEmpty({ message: `there is still ${money(balance)} in the account` }))
          : [{ _tag: "AccountClosed" }]
    }
  },
  evolve: (account, event) => {
    if (event._tag === "AccountOpened") return { owner: event.owner, balance: 0, isClosed: false }
    if (account === null) return account
    switch (event._tag) {
      case "Credited":
      case "Refunded":
        return { ...account, balance: account.balance + event.cents }
      case "Debited":
        return { ...account, balance: account.balance - event.cents }
      case "AccountClosed":
        return { ...account, isClosed: true }
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
