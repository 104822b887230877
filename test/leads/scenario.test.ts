/** The morning that ships with the demo, on PostgreSQL. */
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { readFileSync } from "node:fs"
import * as TestDatabase from "../support/TestDatabase.ts"
import { type Ended, run, scenario, temporaryFile } from "./support/demo.ts"
import { assertKept, assertReadModels, assertSound, fold, readLog, readModels } from "./support/log.ts"
import { reports, table } from "./support/output.ts"

/** A first run of the scenario. */
class FirstRun extends Context.Service<FirstRun, Ended>()("refold/test/leads/FirstRun") {
  static readonly layer = Layer.effect(
    FirstRun,
    Effect.flatMap(TestDatabase.TestDatabase, ({ url }) => run(["--postgres", url]))
  )
}

/** What two runs of the same commands must have in common: all but the times. */
const contents = Effect.map(readModels, ({ leads, search, statusLog }) => ({
  leads,
  search,
  statusLog: statusLog.map((row) => JSON.stringify({ ...row, at: undefined })).toSorted()
}))

const told = (stdout: string, line: number) => {
  const { command, lead, by, outcome, text } = reports(stdout).find(({ number }) => number === line)!
  return `${by} ${command} ${lead}: ${outcome} ${text}`
}

layer(FirstRun.layer.pipe(Layer.provideMerge(TestDatabase.layer)), {
  excludeTestServices: true,
  timeout: "60 seconds"
})(
  "the scenario",
  (it) => {
    it.effect("has 14 leads, 4 people and 121 commands, each reported once under its line number", () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* FirstRun
        assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
        const sent = readFileSync(scenario, "utf8").split("\n").flatMap((line, index) => {
          if (!line.startsWith("{")) return []
          const { by, command, lead } = JSON.parse(line)
          return [{ number: index + 1, by, lead, command: command._tag }]
        })
        const told = reports(stdout)
        assert.deepStrictEqual(told.map(({ by, command, lead, number }) => ({ number, by, lead, command })), sent)
        assert.strictEqual(told.length, 121)
        assert.strictEqual(new Set(told.map(({ by }) => by)).size, 4)
        assert.strictEqual(new Set(told.map(({ lead }) => lead)).size, 14)
        assert.deepStrictEqual(
          new Set(told.map(({ outcome }) => outcome)),
          new Set(["appended", "on top", "unchanged", "conflict", "rejected"])
        )
        assert.include(stdout, "\n74 appended, 16 conflict, 21 on top, 6 rejected, 4 unchanged\n")
      }))

    it.effect("a name change lands on top of a status change of the same moment", () =>
      Effect.gen(function*() {
        const { stdout } = yield* FirstRun
        assert.strictEqual(told(stdout, 39), "bob ChangeStatus 1410: appended at version 2")
        assert.strictEqual(
          told(stdout, 40),
          "ann ChangeName 1410: on top at version 3, on top of StatusChanged (bob, version 2)"
        )
      }))

    it.effect("a follow-up that meets a status change of the same moment is told who did what", () =>
      Effect.gen(function*() {
        const { stdout } = yield* FirstRun
        assert.strictEqual(told(stdout, 43), "bob ChangeStatus 1411: appended at version 2")
        assert.strictEqual(
          told(stdout, 44),
          "cy SetFollowup 1411: conflict bob changed the status to Closed (version 2) at the same moment: " +
            "look before you decide"
        )
        assert.strictEqual(
          told(stdout, 48),
          "dee ChangeStatus 1412: conflict ann set a follow-up on 2026-12-02 (version 2) at the same moment: " +
            "look before you decide"
        )
        assert.strictEqual(
          told(stdout, 94),
          "ann ChangeName 1409: conflict you changed the name to Olga Petrova-Saar (version 2) since version 1, " +
            "which you are looking at: look before you decide"
        )
      }))

    it.effect("ends in read models that equal a plain fold of the log, and prints them", () =>
      Effect.gen(function*() {
        const { stdout } = yield* FirstRun
        const log = yield* assertReadModels
        assertSound(log)
        assertKept(log, reports(stdout), scenario)
        assert.strictEqual(log.length, 95)

        const { leads, search, statusLog } = fold(log)
        assert.deepStrictEqual(
          table(stdout, "Leads"),
          leads.map((row) =>
            ["lead", "name", "email", "phone", "status", "on", "version"].map((column) => `${row[column] ?? "–"}`)
          )
        )
        assert.deepStrictEqual(
          table(stdout, "Known by, now and earlier"),
          Array.from(new Set(search.map(({ kind, lead }) => `${lead} ${kind}`)), (key) => {
            const [lead, kind] = key.split(" ")
            const terms = search.filter((term) => term.lead === lead && term.kind === kind)
            const earlier = terms.filter((term) => !term.current).toSorted((a, b) => a.since - b.since)
            return [
              lead!,
              kind!,
              terms.find((term) => term.current)!.value,
              earlier.map(({ value }) => value).join(", ")
            ]
          })
        )
        assert.sameDeepMembers(
          table(stdout, "Status changes").map((row) => [...row]),
          statusLog.map((row) => ["lead", "version", "by", "from", "to"].map((column) => String(row[column])))
        )
      }))

    it.effect("ends the same way run after run, however long each append takes", () =>
      Effect.gen(function*() {
        const first = { ...yield* FirstRun, ...yield* contents }
        const again = Effect.fnUntraced(
          function*(prepare: (url: string) => Effect.Effect<void, unknown, SqlClient.SqlClient>) {
            const { url } = yield* TestDatabase.TestDatabase
            yield* prepare(url)
            assert.deepStrictEqual({ ...yield* run(["--postgres", url]), ...yield* contents }, first)
          },
          Effect.provide(Layer.fresh(TestDatabase.layer))
        )

        yield* again(() => Effect.void)
        yield* again((url) =>
          Effect.gen(function*() {
            const sql = yield* SqlClient.SqlClient
            yield* run(["--postgres", url, "--find", "nobody"])
            yield* sql`create function leads_demo.dawdle() returns trigger language plpgsql as $$
              begin perform pg_sleep(random() * 0.01); return new; end $$`
            yield* sql`create trigger dawdle before insert on leads_demo.events
              for each row execute function leads_demo.dawdle()`
          })
        )
      }), 60_000)
  }
)

layer(FirstRun.layer.pipe(Layer.provideMerge(TestDatabase.layer)), {
  excludeTestServices: true,
  timeout: "60 seconds"
})(
  "a further run",
  (it) => {
    const another = [
      { lead: "1410", by: "ann", seen: 8, command: { _tag: "ChangeName", name: "K. Meier" } },
      {
        lead: "1499",
        by: "bob",
        command: { _tag: "InitializeLead", name: "Eve", email: "eve@x.example", phone: "555 01 99" }
      }
    ].map((command) => JSON.stringify(command))

    it.effect("of the same file has nothing left to do", () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const before = { log: yield* readLog, models: yield* readModels }
        const { code, stderr, stdout } = yield* run(["--postgres", url])
        assert.deepStrictEqual({ code, stderr, reports: reports(stdout) }, { code: 0, stderr: "", reports: [] })
        assert.strictEqual(
          stdout,
          "121 commands were handled by an earlier run; start over with --reset\n" +
            (yield* FirstRun).stdout.slice((yield* FirstRun).stdout.indexOf("\nLeads\n"))
        )
        assert.deepStrictEqual({ log: yield* readLog, models: yield* readModels }, before)
      }))

    it.effect("of the same file with a line added to its last batch handles that line alone", () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const file = yield* temporaryFile(`${readFileSync(scenario, "utf8").trimEnd()}\n${another[0]}\n`)
        const { code, stdout } = yield* run(["--postgres", url, file])
        assert.strictEqual(code, 0)
        assert.deepStrictEqual(reports(stdout).map(({ outcome, text }) => `${outcome} ${text}`), [
          "appended at version 9"
        ])
        assert.include(stdout, "\n121 commands were handled by an earlier run")
        assert.strictEqual((yield* assertReadModels).length, 96)
      }))

    it.effect("of another file goes on from what is there", () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const file = yield* temporaryFile(another.join("\n"))
        const { code, stdout } = yield* run(["--postgres", url, file])
        assert.strictEqual(code, 0)
        assert.deepStrictEqual(reports(stdout).map(({ lead, outcome, text }) => `${lead} ${outcome} ${text}`), [
          "1410 conflict you changed the name to K. Meier (version 9) since version 8, which you are looking at: " +
          "look before you decide",
          "1499 appended at version 1"
        ])
        const log = yield* assertReadModels
        assertSound(log)
        assert.strictEqual(log.length, 97)
        assert.strictEqual(table(stdout, "Leads").length, 15)
      }))

    it.effect("with --reset starts over, and touches nothing outside of its schema", () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const sql = yield* SqlClient.SqlClient
        const others = Effect.all([
          sql`select oid::int, nspname as name from pg_namespace where nspname not in ('leads_demo', 'pg_temp')`,
          sql`select c.oid::int, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where nspname not in ('leads_demo', 'pg_catalog', 'pg_toast', 'information_schema')`,
          sql`select text from public.kept`,
          sql`select text from leads.kept`
        ])
        yield* sql`create table public.kept as select 'public' as text`
        yield* sql`create schema leads`
        yield* sql`create table leads.kept as select 'leads' as text`
        const before = yield* others
        const first = yield* FirstRun
        assert.deepStrictEqual(yield* run(["--postgres", url, "--reset"]), first)
        assert.deepStrictEqual(yield* others, before)
        const log = yield* assertReadModels
        assert.strictEqual(log.length, 95)
        assert.strictEqual(log[0]!.position, 1)
      }))
  }
)
