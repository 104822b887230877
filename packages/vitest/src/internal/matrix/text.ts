import type { Cell, ConflictMatrix } from "../../ConflictMatrix.ts"
import { occurring } from "./words.ts"

const marks = { commutes: "·", redecides: "↻", collides: "×" }

const marked = ({ enough, exclusive, verdicts }: Cell): string => {
  const mark = verdicts.map((verdict) => marks[verdict]).join("") + (enough === undefined ? "" : "°")
  return exclusive === true ? `(${mark})` : mark
}

export const render = (matrix: ConflictMatrix): string => {
  const { rows, tags, title } = matrix
  const numbers = tags.map((_, index) => String(index + 1))
  const digits = String(tags.length).length
  const names = Math.max(0, ...tags.map((tag) => tag.length))
  // The marks stand in one line; brackets and what follows a mark are beside it.
  const cells = rows.map((row) => row.map((cell) => (cell.exclusive === true ? "" : " ") + marked(cell)))
  const widths = numbers.map((number, column) =>
    Math.max(number.length + 1, ...cells.map((row) => row[column]?.length ?? 0))
  )
  const line = (head: string, columns: ReadonlyArray<string>) =>
    [head, ...columns.map((text, column) => text.padEnd(widths[column] ?? 0))].join(" ").trimEnd()
  return [
    `${title}: mine by row, placed after theirs by column`,
    "",
    line(" ".repeat(digits + 1 + names), numbers.map((number) => ` ${number}`)),
    ...cells.map((row, index) =>
      line(`${(numbers[index] ?? "").padStart(digits)} ${(tags[index] ?? "").padEnd(names)}`, row)
    ),
    "",
    ...legend(matrix)
  ].join("\n")
}

const legend = (matrix: ConflictMatrix): ReadonlyArray<string> => {
  const { conditional, enough, exclusive, verdicts } = occurring(matrix)
  return [
    verdicts.map((verdict) => `${marks[verdict]} ${verdict}`).join("   "),
    ...conditional ? ["two marks: it depends on what is in the two events"] : [],
    ...exclusive ? ["( ) no state accepts both, so the verdict does not matter"] : [],
    ...enough ? ["° stricter than any counterexample that was found"] : []
  ]
}
