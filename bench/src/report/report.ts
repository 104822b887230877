/** The report of a run, as Markdown. */
import type { Row, Settings } from "../measure.ts"
import { ratios } from "../ratios.ts"
import type { Work } from "../works/Work.ts"
import { ratioTable, resultTable } from "./tables.ts"

const reading = `## How to read it

- Rates are medians of the rounds, with the slowest and the fastest round beside them. The last column says how many times
  as fast the first contender is. Where the ranges of two contenders overlap, the difference may be noise.
- Compare within a table only: its contenders took turns within seconds of each other, on one server, each on a database of
  its own. Client and server share the machine's cores.
- **emmett** is used as its documentation says, with a connection per client. **insert** is what people write first: one
  statement and one transaction per append, guarded by a unique (stream, version). **coalesced** is the limit: the same
  guarantees as refold's store, written by hand for these works alone, with states kept in memory. **select** is one prepared
  statement per load, pipelined; **array** is a fold over events in an array. More in bench/README.md.
- Every event of every round was counted and checked after the run: versions without gaps, positions in the order of the
  stream, decisions made on the true balance. A contender that had lost an event would have failed the run.
`

export const report = (options: {
  readonly title: string
  readonly environment: ReadonlyArray<string>
  readonly settings: Pick<Settings, "rounds" | "seconds">
  readonly works: ReadonlyArray<Work>
  readonly rows: ReadonlyArray<Row>
  readonly notes: ReadonlyArray<string>
}): string => {
  const { environment, notes, rows, settings, title, works } = options
  const found = ratios(works, rows)
  return [
    `# ${title}`,
    "",
    ...environment.map((line) => `- ${line}`),
    `- Rounds: ${settings.rounds} of about ${settings.seconds} s for each contender, in turns, after a warm-up`,
    ...notes.map((note) => `- ${note}`),
    "",
    ...(found.length === 0 ? [] : ["## Against the floors", "", ratioTable(found), ""]),
    "## Results",
    "",
    ...works.flatMap((work) =>
      work.clients.filter((clients) => rows.some((row) => row.work === work.key && row.clients === clients))
        .flatMap((clients) => [resultTable(work, clients, rows), ""])
    ),
    reading
  ].join("\n")
}
