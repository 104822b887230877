import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"

const line = { sku: Schema.String, quantity: Schema.Int }
const sameSku = (mine: { readonly sku: string }, theirs: { readonly sku: string }) => mine.sku === theirs.sku

/** An invoice whose rules look into the events. The discounts on it must not exceed 50 together. */
export const makeInvoice = () =>
  Aggregate.make("Invoice", {
    command: Schema.TaggedUnion({
      ChangeLines: { lines: Schema.Array(Schema.Struct(line)) },
      Ship: line,
      GiveDiscount: { sku: Schema.String, percent: Schema.Int },
      Delete: {}
    }),
    event: Schema.TaggedUnion({
      LineChanged: line,
      Shipped: line,
      DiscountGiven: { sku: Schema.String, percent: Schema.Int },
      InvoiceDeleted: {}
    }),
    state: Schema.Struct({ open: Schema.Record(Schema.String, Schema.Int), discounts: Schema.Int }),
    initial: { open: {}, discounts: 0 },
    decide: (command, { discounts, open }) => {
      switch (command._tag) {
        case "ChangeLines":
          return command.lines.map((line) => ({ _tag: "LineChanged" as const, ...line }))
        case "Ship":
          return [{ _tag: "Shipped", sku: command.sku, quantity: Math.min(command.quantity, open[command.sku] ?? 0) }]
        case "GiveDiscount":
          return [{ _tag: "DiscountGiven", sku: command.sku, percent: Math.min(command.percent, 50 - discounts) }]
        case "Delete":
          return [{ _tag: "InvoiceDeleted" }]
      }
    },
    evolve: ({ discounts, open }, event) => {
      switch (event._tag) {
        case "LineChanged":
          return { discounts, open: { ...open, [event.sku]: event.quantity } }
        case "Shipped":
          return { discounts, open: { ...open, [event.sku]: (open[event.sku] ?? 0) - event.quantity } }
        case "DiscountGiven":
          return { discounts: discounts + event.percent, open }
        case "InvoiceDeleted":
          return { discounts: 0, open: {} }
      }
    },
    conflicts: {
      LineChanged: { collides: { LineChanged: sameSku, InvoiceDeleted: true } },
      Shipped: { collides: ["InvoiceDeleted"], redecides: { LineChanged: sameSku, Shipped: sameSku } },
      DiscountGiven: { collides: { DiscountGiven: sameSku }, redecides: ["DiscountGiven"] },
      InvoiceDeleted: "collides"
    }
  })
