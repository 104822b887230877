import { assert, describe, it } from "@effect/vitest"
import { describeAggregate } from "@refold/vitest/DescribeAggregate"
import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { account } from "./account.ts"

const vitest = resolve(import.meta.dirname, "../../node_modules/vitest/vitest.mjs")
const config = join(import.meta.dirname, "fixtures/vitest.config.ts")

interface Report {
  readonly testResults: ReadonlyArray<{
    readonly assertionResults: ReadonlyArray<{
      readonly title: string
      readonly status: string
      readonly failureMessages: ReadonlyArray<string>
    }>
  }>
}

const run = async (): Promise<Report> => {
  const folder = await mkdtemp(join(tmpdir(), "refold-laws-"))
  const outputFile = join(folder, "report.json")
  const args = [vitest, "run", "--config", config, "--reporter=json", `--outputFile=${outputFile}`]
  // it fails, as it should
  await promisify(execFile)(process.execPath, args).catch(() => {})
  const report = await readFile(outputFile, "utf8")
  await rm(folder, { recursive: true })
  return JSON.parse(report) as Report
}

describeAggregate(account(), { histories: 150, invariant: ({ balance }) => balance >= 0 })

describe("an aggregate whose table is not true", () => {
  it("fails the test of the law that is broken, and no other, with the explanation", async () => {
    const { testResults } = await run()
    const results = testResults.flatMap(({ assertionResults }) => assertionResults)
    const failed = results.filter(({ status }) => status !== "passed")
    assert.deepStrictEqual(
      [results.length, ...failed.map(({ title }) => title)],
      [9, "commutes: events that are declared to commute may be placed after each other as they are"]
    )
    const message = failed[0]?.failureMessages.join("\n") ?? ""
    assert.include(message, "Withdrawn is declared to commute with Withdrawn, but it would not be decided like that")
    assert.include(message, "If Ann decides again, after Bob:  rejected: NotEnough { there: ")
    assert.include(message, `declare  Withdrawn: { redecides: ["Withdrawn"] }`)
    assert.match(message, /Found in history \d+ of seed "careless"\.$/)
  })
})
