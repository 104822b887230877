/** What a person sees: tables, and what went wrong. */
import Table from "cli-table3"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import { styleText } from "node:util"
import * as Text from "./text.ts"

/** Colours where the terminal shows them; `NO_COLOR` and `FORCE_COLOR` are obeyed. */
export const paint = (format: Parameters<typeof styleText>[0], text: string): string =>
  styleText(format, text, { stream: process.stdout })

/** A column: its head, and whether it has numbers. */
export interface Column {
  readonly head: string
  readonly isNumeric?: boolean
}

const bare = {
  "top": "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  "bottom": "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  "left": "",
  "left-mid": "",
  "mid": "",
  "mid-mid": "",
  "right": "",
  "right-mid": "",
  "middle": "  "
}

/** Columns without lines between them. */
export const table = (columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const drawn = new Table({
    head: columns.map(({ head }) => paint("dim", head)),
    colAligns: columns.map(({ isNumeric }) => isNumeric === true ? "right" : "left"),
    chars: bare,
    style: { "head": [], "border": [], "padding-left": 0, "padding-right": 0 }
  })
  for (const row of rows) drawn.push([...row])
  return drawn.toString().split("\n").map((line) => line.trimEnd()).join("\n")
}

/** Ends the program with a sentence for whoever called it. */
export class Problem extends Data.TaggedError("Problem")<{ readonly message: string }> {}

/** The user knows why it ends. */
export class Told extends Data.TaggedError("Told")<{}> {
  override readonly [Runtime.errorReported] = false
}

/** Says what went wrong, and what the server or the system said of it. */
export const tellProblem = (error: Error): Effect.Effect<never, Told> => {
  let cause = error
  while (cause.cause instanceof Error) cause = cause.cause
  const said = cause.message === "" && "code" in cause ? String(cause.code) : cause.message
  const text = error.message.includes(said) ? error.message : `${error.message}: ${said}`
  return Effect.andThen(Console.error(paint("red", Text.printable(text))), Effect.fail(new Told()))
}

/** One object on a line of its own. */
export const json = (value: unknown): Effect.Effect<void> => Console.log(JSON.stringify(value))
