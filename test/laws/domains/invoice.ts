/** An invoice whose lines go by article. */
import * as Schema from "effect/Schema"
import { Aggregate } from "refold"
import { refuse } from "./Refused.ts"

const Sku = Schema.NonEmptyString
const Quantity = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))
const sameSku = (mine: { readonly sku: string }, theirs: { readonly sku: string }) => mine.sku === theirs.sku

export const Invoice = Aggregate.make("Invoice", {
  command: Schema.TaggedUnion({
    Create: { customer: Schema.NonEmptyString },
    AddLine: { sku: Sku, quantity: Quantity },
    ChangeQuantity: { sku: Sku, quantity: Quantity },
    RemoveLine: { sku: Sku },
    ReplaceArticle: { sku: Sku, by: Sku },
    Issue: {},
    Delete: {}
  }),
  event: Schema.TaggedUnion({
    InvoiceCreated: { customer: Schema.NonEmptyString },
    LineAdded: { sku: Sku, quantity: Quantity },
    QuantityChanged: { sku: Sku, quantity: Quantity },
    LineRemoved: { sku: Sku },
    InvoiceIssued: {},
    InvoiceDeleted: {}
  }),
  state: Schema.NullOr(Schema.Struct({
    customer: Schema.NonEmptyString,
    status: Schema.Literals(["draft", "issued", "deleted"]),
    lines: Schema.Record(Schema.String, Schema.Int)
  })),
  initial: null,
  decide: (command, invoice) => {
    if (command._tag === "Create") {
      return invoice === null
        ? [{ _tag: "InvoiceCreated", customer: command.customer }]
        : refuse("there is such an invoice")
    }
    if (invoice === null) return refuse("there is no such invoice")
    if (invoice.status !== "draft") return refuse(`it has been ${invoice.status}`)
    const lineOf = (sku: string) => Object.hasOwn(invoice.lines, sku) ? invoice.lines[sku] : undefined
    switch (command._tag) {
      case "AddLine":
        return lineOf(command.sku) === undefined
          ? [{ _tag: "LineAdded", sku: command.sku, quantity: command.quantity }]
          : refuse("the article is there")
      case "ChangeQuantity": {
        const quantity = lineOf(command.sku)
        if (quantity === undefined) return refuse("the article is not there")
        return quantity === command.quantity
          ? []
          : [{ _tag: "QuantityChanged", sku: command.sku, quantity: command.quantity }]
      }
      case "RemoveLine":
        return lineOf(command.sku) === undefined
          ? refuse("the article is not there")
          : [{ _tag: "LineRemoved", sku: command.sku }]
      case "ReplaceArticle": {
        const quantity = lineOf(command.sku)
        if (quantity === undefined) return refuse("the article is not there")
        return lineOf(command.by) === undefined
          ? [{ _tag: "LineRemoved", sku: command.sku }, { _tag: "LineAdded", sku: command.by, quantity }]
          : refuse("the other article is there")
      }
      case "Issue":
        return Object.keys(invoice.lines).length === 0 ? refuse("it is empty") : [{ _tag: "InvoiceIssued" }]
      case "Delete":
        return [{ _tag: "InvoiceDeleted" }]
    }
  },
  evolve: (invoice, event) => {
    if (event._tag === "InvoiceCreated") return { customer: event.customer, status: "draft", lines: {} }
    if (invoice === null) return invoice
    switch (event._tag) {
      case "LineAdded":
      case "QuantityChanged":
        return { ...invoice, lines: { ...invoice.lines, [event.sku]: event.quantity } }
      case "LineRemoved":
        return {
          ...invoice,
          lines: Object.fromEntries(Object.entries(invoice.lines).filter(([sku]) => sku !== event.sku))
        }
      case "InvoiceIssued":
        return { ...invoice, status: "issued" }
      case "InvoiceDeleted":
        return { ...invoice, status: "deleted" }
    }
  },
  // What a bookkeeper says: a line is one person's at a time, and who issues an invoice vouches for what they saw of it.
  conflicts: {
    InvoiceCreated: "collides",
    LineAdded: {
      collides: { InvoiceCreated: true, LineAdded: sameSku, InvoiceIssued: true, InvoiceDeleted: true }
    },
    QuantityChanged: {
      collides: {
        InvoiceCreated: true,
        QuantityChanged: sameSku,
        LineRemoved: sameSku,
        InvoiceIssued: true,
        InvoiceDeleted: true
      }
    },
    LineRemoved: {
      collides: { InvoiceCreated: true, QuantityChanged: sameSku, InvoiceIssued: true, InvoiceDeleted: true },
      redecides: { LineRemoved: sameSku }
    },
    InvoiceIssued: "collides",
    InvoiceDeleted: "collides"
  }
})
