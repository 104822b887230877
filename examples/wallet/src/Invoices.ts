/** What is to be invoiced: the wallet and refund credits that were spent, by month and wallet. Bonus credits are free. */
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { View } from "refold"
import * as Lots from "./Lots.ts"
import { Wallet, type WalletEvent } from "./Wallet.ts"

const Invoice = Schema.Struct({ wallet: Schema.Int, refund: Schema.Int })
type Invoice = typeof Invoice.Type

const nothing: Invoice = { wallet: 0, refund: 0 }

const invoiced = (event: WalletEvent): Invoice => {
  if (event._tag === "WalletCreditsSubtracted") return { wallet: event.cents, refund: 0 }
  return event._tag === "RefundCreditsSubtracted" && event.reason === "spent"
    ? { wallet: 0, refund: Lots.sum(event.lots) }
    : nothing
}

export const Invoices = View.make("invoices", {
  version: 1,
  from: [Wallet],
  state: Invoice,
  initial: nothing,
  key: ({ event, stream }) =>
    invoiced(event) === nothing ? [] : `${DateTime.formatIso(event.at).slice(0, 7)} ${stream.id}`,
  evolve: (sum, { event }) => {
    const { refund, wallet } = invoiced(event)
    return { wallet: sum.wallet + wallet, refund: sum.refund + refund }
  }
})
