/** The report of a run, as Markdown. */
import type { Row, Settings } from "../measure.ts"
import { heights, ratios } from "../ratios.ts"
import type { Work } from "../works/Work.ts"
import { heightTable, ratioTable, resultTable } from "./tables.ts"

const reading = `## How to read it

- Rates are medians of the rounds, with the slowest and the fastest round beside them. The last column says how many times
  as fast the first contender is. Where the ranges of two contenders overlap, the difference may be noise.
- Compare within a table only: its contenders took turns within seconds of each other, on one server, each on a database of
  its own. Client and server share the machine's cores.
- **emmett** is used as its documentation says, with a connection per client. **insert** is what people write first: one
  statement and one transaction per append, guarded by a unique (stream, version). **coalesced** is the limit: the same
  guarantees as refold's store, written by hand for these works alone, with states kept in memory. **select** is one prepared
  statement per load, pipelined; **array** is a fold over events in an array. More in bench/README.md.
- **pages**, **upsert** and **listen** read the log by hand: pages of 1,000 rows, a transaction for each page, a page for
  each notification. Emmett reads a shorter log than the others, as a rate is all that is compared.
- Latencies are of single events, over all rounds, from the append's return to the reader; smaller is better.
- Every event of every round was counted and checked after the run: versions without gaps, positions in the order of the
  stream, decisions made on the true balance, each event seen and counted once by those who read. A contender that had lost an event would have failed the run.
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
  const reached = heights(works, rows)
  return [
    `# ${title}`,
    "",
    ...environment.map((line) => `- ${line}`),
    `- Rounds: ${settings.rounds} of about ${settings.seconds} s for each contender, in turns, after a warm-up`,
    ...notes.map((note) => `- ${note}`),
    "",
    ...(found.length === 0 ? [] : ["## Against the floors", "", ratioTable(found), ""]),
    ...(reached.length === 0 ? [] : ["## Against the ceilings", "", heightTable(reached), ""]),
    "## Results",
    "",
    ...works.flatMap((work) =>
      work.clients.filter((clients) => rows.some((row) => row.work === work.key && row.clients === clients))
        .flatMap((clients) => [resultTable(work, clients, rows), ""])
    ),
    reading
  ].join("\n")
}
