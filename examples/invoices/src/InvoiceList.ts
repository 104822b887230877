/** What an accountant sees: every invoice of the house with what it comes to. */
import * as Schema from "effect/Schema"
import { View } from "refold"
import { Invoice, InvoiceState, total } from "./Invoice.ts"

const Row = Schema.Struct({ invoice: InvoiceState, cents: Schema.Int })

export const list = View.make("invoice-list", {
  version: 1,
  from: [Invoice],
  state: Row,
  initial: { invoice: null, cents: 0 },
  evolve: (row, { event }) => {
    const invoice = Invoice.evolve(row.invoice, event)
    return invoice === null || invoice.status === "deleted" ? null : { invoice, cents: total(invoice) }
  }
})
