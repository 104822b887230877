/** An account that may be overdrawn, for a fee. */
import * as Schema from "effect/Schema"
import { Aggregate } from "refold"
import { refuse } from "./Refused.ts"

const Cents = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100_000 }))
const Limit = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100_000 }))
const fee = 1

export const BankAccount = Aggregate.make("BankAccount", {
  command: Schema.TaggedUnion({
    Open: { owner: Schema.NonEmptyString, limit: Limit },
    Deposit: { cents: Cents },
    Withdraw: { cents: Cents },
    ChangeLimit: { limit: Limit },
    Close: {}
  }),
  event: Schema.TaggedUnion({
    AccountOpened: { owner: Schema.NonEmptyString, limit: Limit },
    Deposited: { cents: Cents },
    Withdrawn: { cents: Cents },
    FeeCharged: { cents: Cents },
    LimitChanged: { limit: Limit },
    AccountClosed: {}
  }),
  state: Schema.NullOr(Schema.Struct({
    owner: Schema.NonEmptyString,
    balance: Schema.Int,
    limit: Limit,
    closed: Schema.Boolean
  })),
  initial: null,
  decide: (command, account) => {
    if (command._tag === "Open") {
      return account === null
        ? [{ _tag: "AccountOpened", owner: command.owner, limit: command.limit }]
        : refuse("there is such an account")
    }
    if (account === null || account.closed) return refuse("there is no such account")
    switch (command._tag) {
      case "Deposit":
        return [{ _tag: "Deposited", cents: command.cents }]
      case "Withdraw": {
        const rest = account.balance - command.cents
        if (rest >= 0) return [{ _tag: "Withdrawn", cents: command.cents }]
        return rest - fee < -account.limit
          ? refuse("there is not enough in it")
          : [{ _tag: "Withdrawn", cents: command.cents }, { _tag: "FeeCharged", cents: fee }]
      }
      case "ChangeLimit":
        if (command.limit === account.limit) return []
        return account.balance < -command.limit
          ? refuse("it is overdrawn further than that")
          : [{ _tag: "LimitChanged", limit: command.limit }]
      case "Close":
        return account.balance === 0 ? [{ _tag: "AccountClosed" }] : refuse("the balance is not zero")
    }
  },
  evolve: (account, event) => {
    if (event._tag === "AccountOpened") return { owner: event.owner, balance: 0, limit: event.limit, closed: false }
    if (account === null) return account
    switch (event._tag) {
      case "Deposited":
        return { ...account, balance: account.balance + event.cents }
      case "Withdrawn":
      case "FeeCharged":
        return { ...account, balance: account.balance - event.cents }
      case "LimitChanged":
        return { ...account, limit: event.limit }
      case "AccountClosed":
        return { ...account, closed: true }
    }
  },
  // What a banker says: nobody argues about the order of bookings, but what is there to be taken must be looked at again.
  conflicts: {
    AccountOpened: "collides",
    Deposited: { collides: ["AccountOpened", "AccountClosed"] },
    Withdrawn: {
      collides: ["AccountOpened", "AccountClosed"],
      redecides: ["Withdrawn", "FeeCharged", "LimitChanged"]
    },
    FeeCharged: {
      collides: ["AccountOpened", "AccountClosed"],
      redecides: ["Deposited", "Withdrawn", "FeeCharged", "LimitChanged"]
    },
    LimitChanged: {
      collides: ["AccountOpened", "LimitChanged", "AccountClosed"],
      redecides: ["Withdrawn", "FeeCharged"]
    },
    AccountClosed: {
      collides: ["AccountOpened", "AccountClosed"],
      redecides: ["Deposited", "Withdrawn", "FeeCharged"]
    }
  }
})
