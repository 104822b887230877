/** How the benchmark reports: floors that must be reached, ceilings that must not be exceeded. */
import { assert, describe, it } from "@effect/vitest"
import type { Row } from "../../bench/src/measure.ts"
import { heights, ratios } from "../../bench/src/ratios.ts"
import { report } from "../../bench/src/report/report.ts"
import type { Work } from "../../bench/src/works/Work.ts"

const base = { unit: "ms", clients: [1], maxTurns: 1, countsTries: false, contestants: [], floors: [] }

const waits: Work = {
  ...base,
  key: "waits",
  title: "Wait",
  measures: "latencies",
  ceilings: [
    { clients: 1, of: "mine", figure: "median", atMost: 3 },
    { clients: 1, of: "mine", figure: "p99", atMost: 15 },
    { clients: 1, of: "nobody", figure: "p99", atMost: 15 }
  ]
}

const memory: Work = {
  ...base,
  key: "memory",
  title: "Remember",
  unit: "events/s",
  floors: [{ clients: 1, of: "long", against: "short", atLeast: 0.5 }],
  ceilings: [
    { clients: 1, of: "long", against: "short", figure: "rss", atMost: 1.25 },
    { clients: 1, of: "long", against: "short", figure: "heap", atMost: 1.25 }
  ]
}

const row = (work: Work, contender: string, median: number, more: Partial<Row>): Row => ({
  work: work.key,
  contender,
  clients: 1,
  median,
  min: median / 2,
  max: median * 10,
  unit: work.unit,
  ...more
})

const mebibyte = 2 ** 20

const rows = [
  row(waits, "mine", 1.234, { p99: 15.1, missed: 0 }),
  row(waits, "theirs", 500, { p99: 990, missed: 1234 }),
  row(memory, "long", 900, { memory: { events: 1000, rss: 220 * mebibyte, heap: 150 * mebibyte } }),
  row(memory, "short", 1000, { memory: { events: 100, rss: 200 * mebibyte, heap: 100 * mebibyte } })
]

describe("the report", () => {
  it("holds waits and memory against their ceilings", () => {
    assert.deepStrictEqual(heights([waits, memory], rows).map(({ figure, found, holds }) => [figure, found, holds]), [
      ["median", 1.234, true],
      ["p99", 15.1, false],
      ["rss", 1.1, true],
      ["heap", 1.5, false]
    ])
  })

  it("holds rates against their floors", () => {
    assert.deepStrictEqual(ratios([waits, memory], rows).map(({ holds, ratio }) => [ratio, holds]), [[0.9, true]])
  })

  it("shows waits by their percentiles, and what was never seen", () => {
    const text = report({
      title: "Title",
      environment: [],
      settings: { rounds: 1, seconds: 1 },
      works: [waits, memory],
      rows,
      notes: []
    })
    const lines = text.split("\n").map((line) => line.replaceAll(/ +/g, " "))
    assert.includeMembers(lines, [
      "| ms | p50 | p99 | max | missed |",
      "| mine | 1.23 | 15.1 | 12.3 | |",
      "| theirs | 500 | 990 | 5,000 | 1,234 |",
      "| waits | mine | 1 | p99 | | 15.1 ms | 15.0 ms | NO |",
      "| events/s | events | median | min | max | long is | peak RSS, MiB | peak heap, MiB |",
      "| short | 100 | 1,000 | 500 | 10,000 | 0.90× | 200 | 100 |",
      "| memory | long | 1 | peak RSS | short | 1.10× | 1.25× | yes |"
    ])
  })
})
