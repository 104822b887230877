/** Holds the books of the bank against what must be true of them. */
import type { AccountEvent } from "@refold/example-bank/Account"
import type { TransferEvent } from "@refold/example-bank/Transfer"
import type { RecordedEvent } from "refold/RecordedEvent"
import type { Order } from "./orders.ts"

type Entry = RecordedEvent<AccountEvent | typeof TransferEvent.Type>

/** The events that a transfer leaves behind, by how it ends. */
const histories: { readonly [how: string]: ReadonlyArray<string> } = {
  completed: ["TransferRequested from", "Debited from", "Credited to", "TransferCompleted from"],
  declined: ["TransferRequested from", "TransferDeclined from"],
  compensated: ["TransferRequested from", "Debited from", "Refunded from", "TransferCompensated from"]
}

/** What is wrong in the books, and how many transfers ended in which way. */
export const audit = (log: ReadonlyArray<Entry>, orders: ReadonlyArray<Order>) => {
  const problems: Array<string> = []
  const balances = new Map<string, number>()
  const steps = new Map<string, Array<Entry>>()
  let counter = 0
  for (const entry of log) {
    const { event, stream: { category, id } } = entry
    const transfer = category === "Transfer" ? id : "transfer" in event ? event.transfer : undefined
    if (transfer !== undefined) steps.set(transfer, [...steps.get(transfer) ?? [], entry])
    if (event._tag !== "Credited" && event._tag !== "Debited" && event._tag !== "Refunded") continue
    const cents = event._tag === "Debited" ? -event.cents : event.cents
    const balance = (balances.get(id) ?? 0) + cents
    if (transfer === undefined) counter += cents
    if (balance < 0) problems.push(`${id} holds ${balance} after position ${entry.position}`)
    balances.set(id, balance)
  }
  const held = [...balances.values()].reduce((sum, balance) => sum + balance, 0)
  if (held !== counter) problems.push(`the accounts hold ${held}, and ${counter} were paid in`)

  const ended: Record<string, number> = { completed: 0, declined: 0, compensated: 0 }
  for (const { cents, from, id, to } of orders) {
    const found = steps.get(id) ?? []
    steps.delete(id)
    const wrongMoney = found.filter(({ event }) => "cents" in event && event.cents !== cents)
    const told = found.map(({ event: { _tag }, stream }) =>
      `${_tag} ${stream.category === "Transfer" || stream.id === from ? "from" : stream.id === to ? "to" : stream.id}`
    )
    const how = Object.keys(histories).find((how) => histories[how]?.join() === told.join())
    if (how === undefined || wrongMoney.length > 0) problems.push(`${id} went like this: ${told.join(", ")}`)
    else ended[how] = (ended[how] ?? 0) + 1
  }
  for (const [id, { length }] of steps) problems.push(`nobody has ordered ${id}, of which there are ${length} events`)
  return { problems, ended }
}
