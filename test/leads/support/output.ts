/** Reads what the demo has printed. */

/** What was said of one command. */
export interface Report {
  readonly number: number
  readonly by: string
  readonly lead: string
  readonly command: string
  readonly outcome: string
  readonly text: string
}

const outcomes = "appended|on top|unchanged|conflict|rejected|bad line|failed"
const reportPattern = new RegExp(String.raw`^ *(\d+)  (\S*) +(\S*) +(\S*) +(${outcomes}) +(\S.*)$`)

export const report = (line: string): Report | undefined => {
  const [, number, by, lead, command, outcome, text] = reportPattern.exec(line) ?? []
  return number === undefined
    ? undefined
    : { number: Number(number), by: by!, lead: lead!, command: command!, outcome: outcome!, text: text! }
}

export const reports = (stdout: string): ReadonlyArray<Report> =>
  stdout.split("\n").flatMap((line) => report(line) ?? [])

/** The cells of the table with this title. */
export const table = (stdout: string, title: string): ReadonlyArray<ReadonlyArray<string>> => {
  const lines = stdout.split("\n")
  const drawn = lines.slice(lines.indexOf(title) + 1)
  const rows = drawn.slice(0, drawn.findIndex((line) => line.startsWith("└"))).filter((line) => line.startsWith("│"))
  return rows.slice(1).map((line) => line.split("│").slice(1, -1).map((cell) => cell.trim()))
}
