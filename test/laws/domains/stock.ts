/** One article in a warehouse: what is there, and for which orders it is set aside. */
import * as Schema from "effect/Schema"
import { Aggregate } from "refold"
import { refuse } from "./Refused.ts"

const Order = Schema.NonEmptyString
const Quantity = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))
const Count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 }))
const sameOrder = (mine: { readonly order: string }, theirs: { readonly order: string }) => mine.order === theirs.order

export const Stock = Aggregate.make("Stock", {
  command: Schema.TaggedUnion({
    Receive: { quantity: Quantity },
    Reserve: { order: Order, quantity: Quantity },
    Release: { order: Order },
    Ship: { order: Order },
    Count: { onHand: Count }
  }),
  event: Schema.TaggedUnion({
    Received: { quantity: Quantity },
    Reserved: { order: Order, quantity: Quantity },
    ReorderRequested: {},
    Released: { order: Order },
    Shipped: { order: Order, quantity: Quantity },
    Counted: { onHand: Count }
  }),
  state: Schema.Struct({
    onHand: Schema.Int,
    reserved: Schema.Record(Schema.String, Schema.Int),
    reordered: Schema.Boolean
  }),
  initial: { onHand: 0, reserved: {}, reordered: false },
  decide: (command, { onHand, reordered, reserved }) => {
    switch (command._tag) {
      case "Receive":
        return [{ _tag: "Received", quantity: command.quantity }]
      case "Count":
        return command.onHand === onHand ? [] : [{ _tag: "Counted", onHand: command.onHand }]
      case "Reserve": {
        const { order, quantity } = command
        if (Object.hasOwn(reserved, order)) return refuse("there is something set aside for this order")
        const rest = onHand - Object.values(reserved).reduce((sum, each) => sum + each, 0) - quantity
        if (rest < 0) return refuse("there is not enough of it")
        return rest === 0 && !reordered
          ? [{ _tag: "Reserved", order, quantity }, { _tag: "ReorderRequested" }]
          : [{ _tag: "Reserved", order, quantity }]
      }
    }
    const { order } = command
    const quantity = Object.hasOwn(reserved, order) ? reserved[order] : undefined
    if (quantity === undefined) return refuse("nothing is set aside for this order")
    if (command._tag === "Release") return [{ _tag: "Released", order }]
    return quantity > onHand ? refuse("it is not there") : [{ _tag: "Shipped", order, quantity }]
  },
  evolve: (stock, event) => {
    const without = (order: string) =>
      Object.fromEntries(Object.entries(stock.reserved).filter(([other]) => other !== order))
    switch (event._tag) {
      case "Received":
        return { ...stock, onHand: stock.onHand + event.quantity, reordered: false }
      case "Reserved":
        return { ...stock, reserved: { ...without(event.order), [event.order]: event.quantity } }
      case "ReorderRequested":
        return { ...stock, reordered: true }
      case "Released":
        return { ...stock, reserved: without(event.order) }
      case "Shipped":
        return { ...stock, onHand: stock.onHand - event.quantity, reserved: without(event.order) }
      case "Counted":
        return { ...stock, onHand: event.onHand }
    }
  },
  // What a storekeeper says: who counts must be alone with the shelf; all else is looked at again where it may run short.
  conflicts: {
    Received: { collides: ["Counted"] },
    Reserved: { collides: { Reserved: sameOrder }, redecides: ["Reserved", "Counted"] },
    ReorderRequested: { redecides: ["Received", "ReorderRequested", "Released", "Counted"] },
    Released: { redecides: { Released: sameOrder, Shipped: sameOrder } },
    Shipped: { collides: ["Counted"], redecides: { Released: sameOrder, Shipped: sameOrder } },
    Counted: { collides: ["Received", "Shipped", "Counted"] }
  }
})
