/** The results as Markdown tables, which read well in a terminal too. */
import type { Row } from "../measure.ts"
import type { Ratio } from "../ratios.ts"
import type { Work } from "../works/Work.ts"

const integer = (value: number): string => Math.round(value).toLocaleString("en-US")

const times = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)}×`

const table = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = header.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]!.length)))
  const isText = (column: number) => column === 0
  const line = (cells: ReadonlyArray<string>) =>
    `| ${cells.map((cell, column) => cell[isText(column) ? "padEnd" : "padStart"](widths[column]!)).join(" | ")} |`
  const rule = widths.map((width, column) => isText(column) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)
  return [line(header), line(rule), ...rows.map(line)].join("\n")
}

/** What each contender reached at a work with so many clients. */
export const resultTable = (work: Work, clients: number, rows: ReadonlyArray<Row>): string => {
  const mine = rows.filter((row) => row.work === work.key && row.clients === clients)
  const first = mine[0]?.median ?? 0
  return [
    `### ${work.title}, ${clients} ${clients === 1 ? "client" : "clients"}`,
    "",
    table(
      [work.unit, "median", "min", "max", `${mine[0]?.contender} is`, ...(work.countsTries ? ["tries"] : [])],
      mine.map((row, index) => [
        row.contender,
        integer(row.median),
        integer(row.min),
        integer(row.max),
        index === 0 ? "" : times(first / row.median),
        ...(work.countsTries ? [row.tries === undefined ? "" : row.tries.toFixed(1)] : [])
      ])
    )
  ].join("\n")
}

/** The ratios of medians beside what is promised. */
export const ratioTable = (ratios: ReadonlyArray<Ratio>): string =>
  table(
    ["work", "contender", "clients", "against", "ratio", "floor", "holds"],
    ratios.map(({ against, atLeast, clients, holds, of, ratio, work }) => [
      work,
      of,
      `${clients}`,
      against,
      times(ratio),
      times(atLeast),
      holds ? "yes" : "NO"
    ])
  )
