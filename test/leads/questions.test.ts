/** Questions about leads, and databases that do not answer as they should. */
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as TestDatabase from "../support/TestDatabase.ts"
import { type Ended, run, start, temporaryFile, until } from "./support/demo.ts"
import { assertReadModels, readLog } from "./support/log.ts"
import { report, reports, table } from "./support/output.ts"

/** Asks the demo about the leads of the scenario. */
class Scenario extends Context.Service<Scenario, {
  readonly ask: (...args: ReadonlyArray<string>) => Effect.Effect<Ended>
}>()("refold/test/leads/Scenario") {
  static readonly layer = Layer.effect(
    Scenario,
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      assert.strictEqual((yield* run(["--postgres", url])).code, 0)
      return { ask: (...args) => run(["--postgres", url, ...args]) }
    })
  ).pipe(Layer.provideMerge(TestDatabase.layer))
}

const answer = (version: number, fields: string) => ({
  code: 0,
  stdout: `Lead 1410 at version ${version} {\n${fields.replaceAll(/^ */gm, "  ")}\n}\n`,
  stderr: ""
})

const refusal = (stderr: string) => ({ code: 1, stdout: "", stderr: `${stderr}\n` })

layer(Scenario.layer, { excludeTestServices: true, timeout: "60 seconds" })("a question", (it) => {
  it.effect("about a lead is answered as it is now, or as it was at a version", () =>
    Effect.gen(function*() {
      const { ask } = yield* Scenario
      const now = answer(
        8,
        `name: 'Katharina Meier',
        email: 'ak@meier.example',
        phone: '+49 89 5550199',
        status: 'Converted',
        followup: '2026-12-05'`
      )
      const third = answer(
        3,
        `name: 'Anna-Katharina Meier',
        email: 'ak.meier@example.de',
        phone: '+49 89 5550110',
        status: 'FollowUp',
        followup: null`
      )
      const answers = yield* Effect.all(
        [ask("--lead", "1410"), ask("--lead", "1410", "--at", "3"), ask("--lead", "1410", "--at", "99")],
        { concurrency: 2 }
      )
      assert.deepStrictEqual(answers, [now, third, now])
    }))

  it.effect("about a lead is answered as it was at an instant", () =>
    Effect.gen(function*() {
      const { ask } = yield* Scenario
      const events = (yield* readLog).filter(({ lead }) => lead === "1410")
      const instant = events.find(({ version }) => version === 4)!.at
      const version = events.findLast(({ at }) => at.getTime() <= instant.getTime())!.version
      const elsewhere = new Date(instant.getTime() + 2 * 3_600_000).toISOString().replace("Z", "+02:00")
      const before = new Date(events[0]!.at.getTime() - 1).toISOString()
      const [asOf, inOtherZone, tooEarly] = yield* Effect.all([
        ask("--lead", "1410", "--at", instant.toISOString()),
        ask("--lead", "1410", "--at", elsewhere),
        ask("--lead", "1410", "--at", before)
      ], { concurrency: 2 })
      assert.isAtLeast(version, 4)
      assert.match(asOf.stdout, new RegExp(`^Lead 1410 at version ${version} \\{\\n  name: 'Anna-Katharina Meier',\\n`))
      assert.strictEqual(asOf.code, 0)
      assert.deepStrictEqual(inOtherZone, asOf)
      assert.deepStrictEqual(tooEarly, refusal(`There is no lead 1410 at ${before}`))
    }))

  it.effect("that makes no sense is refused on one line", () =>
    Effect.gen(function*() {
      const { ask } = yield* Scenario
      const notAt = (at: string) =>
        refusal(`--at takes a version (3) or an instant (2026-11-22T09:30:00Z), not "${at}"`)
      const questions: ReadonlyArray<readonly [ReadonlyArray<string>, Ended]> = [
        [["--lead", "1499"], refusal("There is no lead 1499")],
        [["--lead", "1410", "--at", "0"], refusal("There is no lead 1410 at 0")],
        [["--lead", "1410", "--at", "v3"], notAt("v3")],
        [["--lead", "1410", "--at", "2026-11-22T09:30"], notAt("2026-11-22T09:30")],
        [["--lead", "1410", "--at", "2026-99-99"], notAt("2026-99-99")],
        [["--at", "3"], refusal("--at goes with --lead")],
        [["--lead", "\u001b[31m"], refusal("There is no lead ·[31m")],
        [["--lead", ""], refusal("\"Lead-\" cannot be a stream id: the id is empty")]
      ]
      const asked = yield* Effect.forEach(questions, ([args]) => ask(...args), { concurrency: 2 })
      assert.deepStrictEqual(asked, questions.map(([, expected]) => expected))
    }))

  it.effect("for a text is answered from all that leads are and were known by", () =>
    Effect.gen(function*() {
      const { ask } = yield* Scenario
      const [kathrin, phone, nobody] = yield* Effect.all(
        [ask("--find", "KATHRIN"), ask("--find", "555 0102"), ask("--find", "%")],
        { concurrency: 2 }
      )
      assert.strictEqual(kathrin.code, 0)
      assert.deepStrictEqual(table(kathrin.stdout, "Known as \"KATHRIN\", now or earlier"), [
        ["1410", "name", "Katharina Meier", "Ann-Kathrin Meier, Anna-Katharina Meier"]
      ])
      assert.deepStrictEqual(table(phone.stdout, "Known as \"555 0102\", now or earlier"), [
        ["1402", "phone", "+34 91 555 0202", "+34 91 555 0102"]
      ])
      assert.strictEqual(nobody.code, 0)
      assert.deepStrictEqual(table(nobody.stdout, "Known as \"%\", now or earlier"), [])
    }))
})

layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("a database", (it) => {
  const line = (lead: string, by: string, command: object) => JSON.stringify({ lead, by, command })
  const create = (lead: string) =>
    line(lead, "ann", { _tag: "InitializeLead", name: `Lead ${lead}`, email: "a@b.example", phone: "555 01 01" })
  const rename = (lead: string, name: string) => line(lead, "bob", { _tag: "ChangeName", name })

  it.effect("that cannot be reached is named on one line", () =>
    Effect.gen(function*() {
      const { name, url } = yield* TestDatabase.TestDatabase
      const ended = yield* Effect.forEach(
        ["postgres://somebody:secret@127.0.0.1:1/leads", url.replace(name, "no_such_database"), "nonsense"],
        (url) => run(["--postgres", url]),
        { concurrency: 2 }
      )
      assert.deepStrictEqual(ended, [
        refusal("PgConnection: Failed to connect: connect ECONNREFUSED 127.0.0.1:1"),
        refusal("PgConnection: Failed to connect: database \"no_such_database\" does not exist"),
        refusal("PgConnection: Invalid connection URL: Invalid URL")
      ])
    }))

  it.effect("with an event that nobody can read fails the commands on that lead alone, each time", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const sql = yield* SqlClient.SqlClient
      const first = yield* temporaryFile(
        [create("1"), create("2"), "", rename("1", "One"), "", rename("2", "Two")].join("\n")
      )
      assert.strictEqual((yield* run(["--postgres", url, first])).code, 0)
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`set local refold.allow_rewriting = 'on'`
        yield* sql`update leads_demo.events set data = '{"name": 42}' where stream_id = '1' and version = 2`
      }))

      const file = yield* temporaryFile([rename("1", "Uno"), rename("2", "Due"), create("3")].join("\n"))
      const unreadable = "Lead-1, version 2 (position 3): NameChanged cannot be read: Expected string; at [\"name\"]"
      const { code, stderr, stdout } = yield* run(["--postgres", url, file])
      assert.deepStrictEqual({ code, stderr }, { code: 1, stderr: "" })
      assert.deepStrictEqual(reports(stdout).map(({ lead, outcome, text }) => `${lead} ${outcome} ${text}`), [
        `1 failed ${unreadable}`,
        "2 appended at version 3",
        "3 appended at version 1"
      ])
      assert.deepStrictEqual(table(stdout, "Leads").map(([lead, name, , , , , version]) => [lead, name, version]), [
        ["1", "One", "2"],
        ["2", "Due", "3"],
        ["3", "Lead 3", "1"]
      ])

      const again = yield* run(["--postgres", url, file])
      assert.deepStrictEqual([again.code, reports(again.stdout).map(({ text }) => text)], [1, [unreadable]])
      assert.include(again.stdout, "\n2 commands were handled by an earlier run")
      assert.deepStrictEqual(yield* run(["--postgres", url, "--lead", "1"]), refusal(unreadable))

      // a read model that has yet to come past it stays behind, the others do not
      yield* sql`update leads_demo.partitions set position = 0 where projection = 'lead-list'`
      yield* sql`truncate leads_demo.lead_list`
      const next = yield* temporaryFile(line("2", "cy", { _tag: "ChangeStatus", status: "Closed" }))
      const behind = yield* run(["--postgres", url, next])
      assert.deepStrictEqual([behind.code, behind.stderr], [1, `lead-list is not up to date: ${unreadable}\n`])
      assert.deepStrictEqual(table(behind.stdout, "Status changes"), [["2", "4", "cy", "Available", "Closed"]])
    }))

  it.effect("that fails in the middle of a run ends it, also while somebody types", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const sql = yield* SqlClient.SqlClient
      const demo = yield* start(["--postgres", url, "--reset", "-"])
      yield* demo.type(`${create("1")}\n\n`)
      const remembered = sql`select from leads_demo.handled_lines`
      yield* demo.line
      yield* until("the demo has remembered it", Effect.map(remembered, (lines) => lines.length === 1))
      yield* sql`alter table leads_demo.handled_lines rename to away`
      yield* demo.type(`${rename("1", "One")}\n\n`)
      assert.strictEqual(report((yield* demo.line)!)?.text, "at version 2")
      const { code, stderr } = yield* demo.ended
      assert.strictEqual(code, 1)
      assert.strictEqual(stderr, "PgConnection: Query failed: relation \"leads_demo.handled_lines\" does not exist\n")
      yield* run(["--postgres", url, yield* temporaryFile("")])
      assert.strictEqual((yield* assertReadModels).length, 2)
    }))
})
