import type { Report, Suggestion } from "../../AggregateLaws.ts"
import type { Coverage, PairCoverage } from "./coverage.ts"
import type { Explained } from "./found.ts"

const number = (value: number) => value.toLocaleString("en-US")

/** Columns side by side: the first to the left, the others to the right. */
export const columns = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row.map((text, column) => column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))
      .join("  ").trimEnd()
  )
}

const met = ({ exclusive, met }: PairCoverage) => exclusive ? "–" : number(met)

/** What was seen, in three tables. */
export const coverage = ({ commands, events, histories, pairs, states }: Coverage): ReadonlyArray<string> => {
  const never = pairs.filter(({ exclusive, mine, theirs }) => exclusive && mine <= theirs)
  return [
    `${number(histories)} histories, ${number(states)} states`,
    "",
    ...columns([
      ["command", "tried", "accepted", "rejected", "unchanged"],
      ...commands.map(({ accepted, command, rejected, tried, unchanged }) => [
        command,
        ...[tried, accepted, rejected, unchanged].map(number)
      ])
    ]),
    "",
    ...columns([
      ["event", "decided", ...events.map(({ event }) => `met ${event}`)],
      ...events.map(({ event, produced }) => [
        event,
        number(produced),
        ...pairs.filter(({ mine }) => mine === event).map(met)
      ])
    ]),
    ...(never.length === 0 ? [] : [
      "",
      "Never in the same state:",
      ...never.map(({ mine, theirs, tried }) => `  ${mine} and ${theirs}, tried ${number(tried)} times`)
    ])
  ]
}

export const report = (report: Report | Suggestion): string => {
  const { aggregate, seed } = report
  const head = [`${aggregate}, seed ${JSON.stringify(seed)}: ${coverage(report.coverage).join("\n")}`]
  if ("table" in report) return [...head, "", report.table].join("\n")
  const tighter = report.stricter.filter(({ exclusive }) => !exclusive)
  return [
    ...head,
    ...(tighter.length === 0 ? [] : [
      "",
      "Stricter than anything that was seen:",
      ...tighter.map(({ declared, enough, met, mine, theirs }) =>
        `  ${mine} after ${theirs} ${declared}; in ${number(met)} meetings nothing spoke against "${enough}"`
      )
    ])
  ].join("\n")
}

export const broken = (
  aggregate: string,
  broken: ReadonlyArray<Explained>,
  seen: Coverage | undefined
): string => {
  const line = "─".repeat(80)
  const gaps = broken.some(({ law }) => law === "coverage")
  return [
    `${aggregate}: ${broken.length === 1 ? "a law does" : `${broken.length} laws do`} not hold.`,
    ...broken.flatMap(({ explanation }) => [line, explanation]),
    ...(gaps && seen !== undefined ? [line, ...coverage(seen)] : [])
  ].join("\n")
}
