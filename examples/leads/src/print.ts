/** Everything a person sees: a line per command, the read models as tables. */
import Table from "cli-table3"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { styleText } from "node:util"
import type { Line } from "./input.ts"
import type { Kind, Outcome } from "./outcome.ts"
import * as LeadList from "./readModels/LeadList.ts"
import * as LeadSearch from "./readModels/LeadSearch.ts"
import * as StatusLog from "./readModels/StatusLog.ts"

const colours = {
  "appended": "green",
  "on top": "cyan",
  "unchanged": "gray",
  "conflict": "yellow",
  "rejected": "magenta",
  "bad line": "red",
  "failed": "red"
} as const satisfies Record<Kind, string>

/** Colours where the terminal shows them; `NO_COLOR` and `FORCE_COLOR` are obeyed. */
const paint = (format: Parameters<typeof styleText>[0], text: string) =>
  styleText(format, text, { stream: process.stdout })

/** On one line, and without anything a terminal would take for a command. */
const printable = (text: string) => text.replaceAll(/\s*\n\s*/g, "; ").replaceAll(/\p{Cc}/gu, "·")

/** Says what went wrong, and makes it known to whoever called. */
export const problem = (text: string) =>
  Effect.suspend(() => {
    process.exitCode = 1
    return Console.error(printable(text))
  })

/** What went wrong, and what the server or the system said of it. */
export const describe = (error: Error): string => {
  let cause = error
  while (cause.cause instanceof Error) cause = cause.cause
  const said = cause.message === "" && "code" in cause ? String(cause.code) : cause.message
  return error.message.includes(said) ? error.message : `${error.message}: ${said}`
}

export const lead = (id: string, version: number, state: object) =>
  Console.log(`Lead ${printable(id)} at version ${version}`, state)

export const command = ({ number, request }: Line, { kind, text }: Outcome) => {
  const asked = Result.match(request, {
    onFailure: () => ["", "", ""],
    onSuccess: ({ by, command, lead }) => [by, lead, command._tag]
  })
  const [by, lead, tag] = asked.map(printable)
  return Console.log(
    `${paint("gray", String(number).padStart(4))}  ${by!.padEnd(5)} ${lead!.padEnd(6)} ${tag!.padEnd(18)} ` +
      `${paint(colours[kind], kind.padEnd(9))} ${printable(text)}`
  )
}

export const summary = (counts: ReadonlyMap<Kind, number>) => {
  const parts = [...counts].map(([kind, count]) => paint(colours[kind], `${count} ${kind}`))
  return parts.length === 0 ? Effect.void : Console.log(`\n${parts.join(", ")}`)
}

const table = (
  title: string,
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string | number | bigint | null>>
) => {
  const drawn = new Table({ head: [...head], style: { head: [], border: [], compact: true } })
  for (const row of rows) drawn.push(row.map((cell) => printable(String(cell ?? "–"))))
  return Console.log(`\n${paint("bold", title)}\n${drawn.toString()}`)
}

export const readModels = Effect.gen(function*() {
  const leads = yield* LeadList.read
  yield* table(
    "Leads",
    ["lead", "name", "e-mail", "phone", "status", "follow-up", "version"],
    [...leads].flatMap(([id, { lead, version }]) =>
      lead === null ? [] : [[id, lead.name, lead.email, lead.phone, lead.status, lead.followup, version]]
    )
  )
  yield* search("")
  const log = yield* StatusLog.read
  yield* table(
    "Status changes",
    ["lead", "version", "by", "from", "to"],
    log.map((row) => [row.lead_id, row.version, row.changed_by, row.from_status, row.to_status])
  )
})

export const search = (text: string) =>
  Effect.flatMap(LeadSearch.find(text), (found) =>
    table(
      text === "" ? "Known by, now and earlier" : `Known as "${text}", now or earlier`,
      ["lead", "what", "now", "earlier"],
      found.map((row) => [row.lead_id, row.kind, row.current, row.earlier.join(", ")])
    ))
