/** The results as Markdown tables, which read well in a terminal too. */
import type { Row } from "../measure.ts"
import type { Height, Ratio } from "../ratios.ts"
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

const millis = (value: number): string =>
  value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : integer(value)

const mebibytes = (bytes: number): string => integer(bytes / 2 ** 20)

/** What each contender reached at a work with so many clients. */
export const resultTable = (work: Work, clients: number, rows: ReadonlyArray<Row>): string => {
  const mine = rows.filter((row) => row.work === work.key && row.clients === clients)
  return [
    `### ${work.title}, ${clients} ${clients === 1 ? "client" : "clients"}`,
    "",
    work.measures === "latencies" ? latencyTable(mine) : rateTable(work, mine)
  ].join("\n")
}

const rateTable = (work: Work, rows: ReadonlyArray<Row>): string => {
  const first = rows[0]?.median ?? 0
  const showsMemory = rows.some(({ memory }) => memory !== undefined)
  return table(
    [
      work.unit,
      ...(showsMemory ? ["events"] : []),
      "median",
      "min",
      "max",
      `${rows[0]?.contender} is`,
      ...(work.countsTries ? ["tries"] : []),
      ...(showsMemory ? ["peak RSS, MiB", "peak heap, MiB"] : [])
    ],
    rows.map(({ contender, max, median, memory, min, tries }, index) => [
      contender,
      ...(showsMemory ? [memory === undefined ? "" : integer(memory.events)] : []),
      integer(median),
      integer(min),
      integer(max),
      index === 0 ? "" : times(first / median),
      ...(work.countsTries ? [tries === undefined ? "" : tries.toFixed(1)] : []),
      ...(showsMemory
        ? memory === undefined ? ["", ""] : [mebibytes(memory.rss), mebibytes(memory.heap)]
        : [])
    ])
  )
}

/** Smaller is better. */
const latencyTable = (rows: ReadonlyArray<Row>): string =>
  table(
    ["ms", "p50", "p99", "max", "missed"],
    rows.map(({ contender, max, median, missed = 0, p99 = max }) => [
      contender,
      millis(median),
      millis(p99),
      millis(max),
      missed === 0 ? "" : integer(missed)
    ])
  )

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

const figures = { median: "p50", p99: "p99", rss: "peak RSS", heap: "peak heap" }

/** What should be as small as is promised. */
export const heightTable = (heights: ReadonlyArray<Height>): string =>
  table(
    ["work", "contender", "clients", "figure", "against", "found", "ceiling", "holds"],
    heights.map((height) => {
      const shown = "against" in height ? times : (value: number) => `${millis(value)} ms`
      return [
        height.work,
        height.of,
        `${height.clients}`,
        figures[height.figure],
        "against" in height ? height.against : "",
        shown(height.found),
        shown(height.atMost),
        height.holds ? "yes" : "NO"
      ]
    })
  )
