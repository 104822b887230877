/**
 * The process manager of transfers: it debits one account, credits the other, and refunds the first if the other takes
 * nothing. Pure: each step is written down before it is taken, and taken once, whoever is killed in between.
 */
import * as Schema from "effect/Schema"
import { Reactor } from "refold"
import { Account, AccountCommand } from "./Account.ts"
import { Transfer } from "./Transfer.ts"

export const Transfers = Reactor.make("Transfers", {
  from: [Transfer, Account],
  commands: [Account, Transfer],
  state: Schema.Struct({
    transfer: Schema.String,
    from: Schema.String,
    to: Schema.String,
    cents: Schema.Int,
    /** Why the money goes back. */
    problem: Schema.String
  }),
  initial: { transfer: "", from: "", to: "", cents: 0, problem: "" },
  key: ({ event, stream }) =>
    event._tag === "TransferRequested" ? stream.id : "transfer" in event ? event.transfer : undefined,
  react: ({ cents, problem, to, transfer }, { event, stream }) => {
    switch (event._tag) {
      case "TransferRequested": {
        const { cents, from, to } = event
        return {
          state: { transfer: stream.id, from, to, cents, problem: "" },
          out: [Reactor.command(Account, from, { _tag: "Debit", cents, transfer: stream.id })]
        }
      }
      case "Debited":
        return { out: [Reactor.command(Account, to, { _tag: "Credit", cents, transfer })] }
      case "Credited":
        return { out: [Reactor.command(Transfer, transfer, { _tag: "Complete" })] }
      case "Refunded":
        return { out: [Reactor.command(Transfer, transfer, { _tag: "Compensate", reason: problem })] }
      default:
        return {}
    }
  },
  refused: (process, { command, message }) => {
    const { cents, from, transfer } = process
    if (AccountCommand.guards.Debit(command)) {
      return { out: [Reactor.command(Transfer, transfer, { _tag: "Decline", reason: message })] }
    }
    return AccountCommand.guards.Credit(command)
      ? {
        state: { ...process, problem: message },
        out: [Reactor.command(Account, from, { _tag: "Refund", cents, transfer })]
      }
      : {}
  }
})
