/** The domain: an invoice with lines by article, until it is sent or deleted. Pure; it knows of no store and no mail. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Aggregate } from "refold"

const OneLine = Schema.String.check(
  Schema.isPattern(/^[^\p{Cc}\p{Cs}]{1,100}$/u, { expected: "1 to 100 characters, none of them a control character" })
)
const Sku = Schema.String.check(Schema.isPattern(/^[A-Z0-9-]{1,20}$/, { expected: "an article number like BOLT-8" }))
const Email = Schema.String.check(
  Schema.isPattern(/^[a-z0-9.+-]{1,40}@[a-z0-9-]{1,30}\.[a-z]{2,10}$/, { expected: "an e-mail address" })
)
const Currency = Schema.Literals(["EUR", "CHF", "USD"])
const Quantity = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10_000 }))
const Cents = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100_000_000 }))

const line = { quantity: Quantity, cents: Cents }
const details = { customer: OneLine, email: Email, currency: Currency }

export const InvoiceCommand = Schema.TaggedUnion({
  Create: details,
  AddLine: { sku: Sku, ...line },
  ChangeLine: { sku: Sku, ...line },
  RemoveLine: { sku: Sku },
  Send: {},
  Delete: {}
})

export const InvoiceEvent = Schema.TaggedUnion({
  InvoiceCreated: details,
  LineAdded: { sku: Sku, ...line },
  LineChanged: { sku: Sku, ...line },
  LineRemoved: { sku: Sku },
  InvoiceSent: { to: Email, currency: Currency, cents: Schema.Int },
  InvoiceDeleted: {}
})

/** `null` until the invoice is created. */
export const InvoiceState = Schema.NullOr(Schema.Struct({
  ...details,
  status: Schema.Literals(["draft", "sent", "deleted"]),
  lines: Schema.Record(Sku, Schema.Struct(line))
}))
export type InvoiceState = typeof InvoiceState.Type

/** The invoice is not in a state in which this can be done. */
export class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}
const refuse = (message: string) => Result.fail(new Refused({ message }))

const sameSku = (mine: { readonly sku: string }, theirs: { readonly sku: string }) => mine.sku === theirs.sku

/** What the lines come to, in cents. */
export const total = ({ lines }: NonNullable<InvoiceState>): number =>
  Object.values(lines).reduce((sum, { cents, quantity }) => sum + quantity * cents, 0)

export const Invoice = Aggregate.make("Invoice", {
  command: InvoiceCommand,
  event: InvoiceEvent,
  state: InvoiceState,
  initial: null,
  decide: (command, invoice) => {
    if (command._tag === "Create") {
      const { _tag, ...details } = command
      return invoice === null ? [{ _tag: "InvoiceCreated", ...details }] : refuse("this invoice is already there")
    }
    if (invoice === null) return refuse("there is no such invoice")
    if (invoice.status !== "draft") return refuse(`the invoice has been ${invoice.status}`)
    switch (command._tag) {
      case "AddLine": {
        const { _tag, ...added } = command
        return Object.hasOwn(invoice.lines, command.sku)
          ? refuse(`${command.sku} is on the invoice already`)
          : [{ _tag: "LineAdded", ...added }]
      }
      case "ChangeLine": {
        const { _tag, ...changed } = command
        const before = Object.hasOwn(invoice.lines, command.sku) ? invoice.lines[command.sku] : undefined
        if (before === undefined) return refuse(`${command.sku} is not on the invoice`)
        return before.quantity === changed.quantity && before.cents === changed.cents
          ? []
          : [{ _tag: "LineChanged", ...changed }]
      }
      case "RemoveLine":
        return Object.hasOwn(invoice.lines, command.sku)
          ? [{ _tag: "LineRemoved", sku: command.sku }]
          : refuse(`${command.sku} is not on the invoice`)
      case "Send":
        return Object.keys(invoice.lines).length === 0
          ? refuse("an invoice without lines is not sent")
          : [{ _tag: "InvoiceSent", to: invoice.email, currency: invoice.currency, cents: total(invoice) }]
      case "Delete":
        return [{ _tag: "InvoiceDeleted" }]
    }
  },
  evolve: (invoice, event) => {
    if (event._tag === "InvoiceCreated") {
      const { _tag, ...details } = event
      return { ...details, status: "draft", lines: {} }
    }
    if (invoice === null) return invoice
    switch (event._tag) {
      case "LineAdded":
      case "LineChanged":
        return {
          ...invoice,
          lines: { ...invoice.lines, [event.sku]: { quantity: event.quantity, cents: event.cents } }
        }
      case "LineRemoved": {
        const { [event.sku]: _, ...lines } = invoice.lines
        return { ...invoice, lines }
      }
      case "InvoiceSent":
        return { ...invoice, status: "sent" }
      case "InvoiceDeleted":
        return { ...invoice, status: "deleted" }
    }
  },
  // a line is one person's at a time; who sends or deletes an invoice must have seen all of it
  conflicts: {
    InvoiceCreated: "collides",
    LineAdded: { collides: { LineAdded: sameSku, InvoiceSent: true, InvoiceDeleted: true } },
    LineChanged: {
      collides: { LineChanged: sameSku, LineRemoved: sameSku, InvoiceSent: true, InvoiceDeleted: true }
    },
    LineRemoved: {
      collides: { LineChanged: sameSku, InvoiceSent: true, InvoiceDeleted: true },
      redecides: { LineRemoved: sameSku }
    },
    InvoiceSent: "collides",
    InvoiceDeleted: "collides"
  }
})
