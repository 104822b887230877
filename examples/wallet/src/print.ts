/** Everything a person sees: a line for each command and each expiry, then the views as tables. */
import Table from "cli-table3"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import { styleText } from "node:util"
import { Projection, type RecordedEvent, View, Views } from "refold"
import { Invoices } from "./Invoices.ts"
import * as Lots from "./Lots.ts"
import { empty, Wallet, type WalletCommand, type WalletEvent, WalletState } from "./Wallet.ts"

const paint = (format: Parameters<typeof styleText>[0], text: string) =>
  styleText(format, text, { stream: process.stdout })

const money = (cents: number) => (cents / 100).toFixed(2)
const minute = (at: DateTime.Utc) => DateTime.formatIso(at).slice(0, 16).replace("T", " ")
const printable = (text: string) => text.replaceAll(/\p{Cc}+/gu, " ")

export const problem = (text: string) =>
  Effect.suspend(() => {
    process.exitCode = 1
    return Console.error(printable(text))
  })

/** As "bonus −5.00, wallet −2.50". */
export const changes = (events: ReadonlyArray<WalletEvent>) =>
  events.length === 0 ? paint("gray", "nothing to do") : events.map((event) => {
    const [kind = ""] = event._tag.toLowerCase().split("credits")
    const cents = "lots" in event ? Lots.sum(event.lots) : event.cents
    return event._tag.endsWith("Added") ? paint("green", `${kind} +${money(cents)}`) : `${kind} −${money(cents)}`
  }).join(", ")

export const rejected = (missing: number) => paint("magenta", `rejected: ${money(missing)} are missing`)

const row = (number: string, at: DateTime.Utc, wallet: string, what: string, result: string) =>
  Console.log(
    `${paint("gray", `${number.padStart(4)}  ${minute(at)}`)}  ${wallet.padEnd(6)} ${what.padEnd(32)} ${result}`
  )

export const command = (
  number: number,
  wallet: string,
  { _tag, at, cents }: typeof WalletCommand.Type,
  result: string
) => row(String(number), at, printable(wallet), `${_tag} ${typeof cents === "number" ? money(cents) : cents}`, result)

export const expiry = (wallet: string, event: WalletEvent) =>
  row("", event.at, printable(wallet), "expired", paint("yellow", changes([event])))

type Recorded = RecordedEvent.RecordedEvent<WalletEvent>

/** Those of one instant by wallet: which of them comes first in the log is left to chance. */
export const inOrder = Order.combine(
  Order.mapInput(DateTime.Order, ({ event }: Recorded) => event.at),
  Order.mapInput(Order.String, ({ stream }: Recorded) => stream.id)
)

const Balances = View.make("balances", {
  version: 1,
  from: [Wallet],
  state: WalletState,
  initial: empty,
  evolve: (state, { event }) => Wallet.evolve(state, event)
})

const table = (title: string, head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>) => {
  const drawn = new Table({ head: [...head], style: { head: [], border: [], compact: true } })
  for (const row of rows) drawn.push(row.map(printable))
  return Console.log(`\n${paint("bold", title)}\n${drawn.toString()}`)
}

const byKey = Order.mapInput(Order.String, ([key]: readonly [string, unknown]) => key)

export const views = Effect.fnUntraced(function*(at: DateTime.Utc) {
  const balances = [...yield* Views.live(Balances)].toSorted(byKey).map(([id, { bonus, refund, wallet }]) => {
    const [next = "–"] = [...bonus, ...refund].map(({ expires }) => minute(expires)).toSorted()
    return [id, money(wallet), money(Lots.sum(bonus)), money(Lots.sum(refund)), next]
  })
  yield* table(
    `Balances on ${minute(at)}`,
    ["wallet", "wallet credits", "bonus", "refund", "expires next"],
    balances
  )
  yield* Projection.catchUp(Invoices)
  const invoices = [...yield* Views.all(Invoices)].toSorted(byKey).map(([key, { refund, wallet }]) => {
    return [key.slice(0, 7), key.slice(8), money(wallet), money(refund), money(wallet + refund)]
  })
  yield* table("To be invoiced", ["month", "wallet", "wallet credits", "refund", "sum"], invoices)
})
