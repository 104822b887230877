import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as ConflictMatrix from "../../ConflictMatrix.ts"
import { drawPicture, drawTable, matrixOf } from "./drawing.ts"
import { find } from "./finding.ts"
import { report } from "./report.ts"

/** What is wrong has been said. */
class Told extends Data.TaggedError("Told")<{}> {
  override readonly [Runtime.errorReported] = false
}

const flags = {
  path: Argument.String("path").pipe(
    Argument.withDescription("A module that exports aggregates, or a folder with such modules in it or in its src")
  ),
  seed: Flag.String("seed").pipe(
    Flag.withDescription("The same seed makes the same histories"),
    Flag.withDefault("refold")
  ),
  histories: Flag.Int("histories").pipe(
    Flag.withDescription("How many histories to try"),
    Flag.filter((histories) => histories > 0, () => "there must be one at least"),
    Flag.optional
  ),
  markdown: Flag.Boolean("markdown").pipe(
    Flag.withDescription("Only print the tables, as Markdown"),
    Flag.withDefault(false)
  ),
  write: Flag.String("write").pipe(
    Flag.withDescription("Only put the tables into this Markdown page, each after its marker: <!-- matrix: Lead -->"),
    Flag.optional
  ),
  svg: Flag.String("svg").pipe(Flag.withDescription("Only draw the tables into this file, as SVG"), Flag.optional)
}

export const command = Command.make(
  "refold-conflicts",
  flags,
  Effect.fnUntraced(function*({ histories, markdown, path, seed, svg, write }) {
    const aggregates = yield* find(path)
    for (const aggregate of aggregates) {
      if (Option.isSome(svg)) yield* drawPicture(svg.value, aggregate, aggregates.length === 1)
      if (Option.isSome(write)) yield* drawTable(write.value, aggregate)
      if (markdown) yield* Console.log(ConflictMatrix.toMarkdown(matrixOf(aggregate)))
    }
    if (markdown || Option.isSome(svg) || Option.isSome(write)) return
    const options = { seed, histories: Option.getOrUndefined(histories) }
    const held = yield* Effect.forEach(aggregates, (aggregate) => report(aggregate, options))
    if (held.includes(false)) return yield* new Told()
  })
).pipe(Command.withDescription("Shows the conflict tables of aggregates, and what the laws say of them"))
