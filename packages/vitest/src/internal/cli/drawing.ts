import * as CliError from "effect/cli/CliError"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { Aggregate } from "refold/Aggregate"
import type { Types } from "refold/Decider"
import * as ConflictMatrix from "../../ConflictMatrix.ts"
import { putTable } from "./page.ts"

export const matrixOf = (
  { category, conflicts }: Aggregate<Types>,
  annotate?: (mine: string, theirs: string) => ConflictMatrix.Annotation
) => ConflictMatrix.make(conflicts, { title: category, annotate })

/** Draws the table as a picture into the file; where there are several, each into one that has its name. */
export const drawPicture = Effect.fnUntraced(function*(file: string, aggregate: Aggregate<Types>, alone: boolean) {
  const { dir, ext, name } = Path.parse(file)
  const own = alone ? file : Path.join(dir, `${name}-${aggregate.category}${ext}`)
  yield* attempt(`${own} cannot be written`, () => Fs.writeFileSync(own, ConflictMatrix.toSvg(matrixOf(aggregate))))
  yield* Console.log(`${aggregate.category}: drawn into ${own}`)
})

/** Renews the table in a page. */
export const drawTable = Effect.fnUntraced(function*(page: string, aggregate: Aggregate<Types>) {
  const { category } = aggregate
  const before = yield* attempt(`${page} cannot be read`, () => Fs.readFileSync(page, "utf8"))
  const after = putTable(before, category, ConflictMatrix.toMarkdown(matrixOf(aggregate)))
  if (after === undefined) {
    const userMessage = `${page} does not say where: put <!-- matrix: ${category} --> there`
    return yield* new CliError.UserError({ userMessage, cause: page })
  }
  yield* attempt(`${page} cannot be written`, () => Fs.writeFileSync(page, after))
  yield* Console.log(`${category}: ${before === after ? "is up to date in" : "written into"} ${page}`)
})

const attempt = <A>(what: string, run: () => A) =>
  Effect.try({
    try: run,
    catch: (cause) =>
      new CliError.UserError({
        userMessage: `${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause
      })
  })
