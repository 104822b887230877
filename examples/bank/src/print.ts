/** Everything a person sees: a line per request, and tables. */
import Table from "cli-table3"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { money } from "./Account.ts"
import type { Line, Outcome } from "./requests.ts"

/** On one line, and without anything a terminal would take for a command. */
const printable = (text: string) => text.replaceAll(/\s*\n\s*/g, "; ").replaceAll(/\p{Cc}/gu, "·")

const asked = ({ request }: Line): readonly [who: string, what: string] => {
  if (Result.isFailure(request)) return ["", ""]
  const { success } = request
  if ("transfer" in success) return [success.transfer, `${money(success.cents)} from ${success.from} to ${success.to}`]
  const { account, command, times = 1 } = success
  return [
    account,
    command._tag + ("cents" in command ? ` ${money(command.cents)}` : "") + (times > 1 ? `, ${times} at once` : "")
  ]
}

/** A request, and what became of it: of many at once, how many ended in which way. */
export const request = (line: Line, outcomes: ReadonlyArray<Outcome>) => {
  const counts = new Map<string, number>()
  for (const [how, why] of outcomes) {
    const outcome = why === "" ? how : `${how}: ${why}`
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  }
  const told = [...counts].map(([outcome, count]) => outcomes.length === 1 ? outcome : `${count} ${outcome}`).toSorted()
  const [who, what] = asked(line)
  return Console.log(printable(
    `${String(line.number).padStart(4)}  ${who.padEnd(10)} ${what.padEnd(30)} ${told.join(", ")}`
  ))
}

/** Cells are text, or amounts in cents. */
type Row = ReadonlyArray<string | number>

export const table = (title: string, head: ReadonlyArray<string>, rows: ReadonlyArray<Row>) => {
  const drawn = new Table({ head: [...head], style: { head: [], border: [], compact: true } })
  const amount = (cents: number) => ({ content: money(cents), hAlign: "right" }) as const
  drawn.push(...rows.map((row) => row.map((cell) => typeof cell === "number" ? amount(cell) : printable(cell))))
  return Console.log(`\n${title}\n${drawn.toString()}`)
}

/** Says what went wrong, and makes it known to whoever called. */
export const problem = (text: string) =>
  Effect.suspend(() => {
    process.exitCode = 1
    return Console.error(printable(text))
  })
