/** A run of the scenario on PostgreSQL that is killed without warning, again and again, and goes on each time. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as TestDatabase from "../support/TestDatabase.ts"
import { run, scenario, start, until, untilLine } from "./support/demo.ts"
import { assertKept, assertReadModels, assertSound, readLog } from "./support/log.ts"
import { type Report, reports } from "./support/output.ts"

/**
 * Kills the demo, which cannot come to an end because it needs the lock that `hold` takes: when it waits for it, or when
 * it reports a line. What it had sent to the server is either undone, or carried out although nobody is left to hear of it.
 */
const kill = Effect.fnUntraced(function*<E, R>(options: {
  readonly hold: Effect.Effect<unknown, E, R>
  readonly atLine?: number
  readonly whatItSent: "is undone" | "is carried out"
}) {
  const { url } = yield* TestDatabase.TestDatabase
  const sql = yield* SqlClient.SqlClient
  const waiting = Effect.map(
    sql`select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))`,
    (rows) => rows.length > 0
  )
  const others = sql<{ readonly pid: number }>`select pid from pg_stat_activity
    where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`

  const ended = yield* sql.withTransaction(
    Effect.gen(function*() {
      yield* options.hold
      const demo = yield* start(["--postgres", url])
      yield* options.atLine === undefined ? until("the demo waits", waiting) : untilLine(demo, options.atLine)
      const ended = yield* demo.kill
      if (options.whatItSent === "is undone") {
        for (const { pid } of yield* others) yield* sql`select pg_terminate_backend(${pid})`
        yield* until("it waits no longer", Effect.map(waiting, (waits) => !waits))
      }
      return ended
    }).pipe(Effect.scoped)
  )
  yield* until("its sessions are gone", Effect.map(others, (rows) => rows.length === 0))
  assert.isNull(ended.code)
  return reports(ended.stdout)
})

/** From now on, an append that finds this many events in the log waits for a lock. */
const stallAfter = (events: number) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) =>
      sql.unsafe(`create or replace function leads_demo.stall() returns trigger language plpgsql as $$ begin
      if (select count(*) from leads_demo.events) >= ${events} then perform pg_advisory_xact_lock(1); end if;
      return new;
    end $$`)
  )

layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("a killed run", (it) => {
  it.effect("goes on where it was, with nothing lost and nothing done twice", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const sql = yield* SqlClient.SqlClient
      const all: Array<Report> = []
      const keep = Effect.fnUntraced(function*(reports: ReadonlyArray<Report>) {
        all.push(...reports)
        const log = yield* readLog
        assertSound(log)
        assertKept(log, all, scenario)
        return log.length
      })
      yield* run(["--postgres", url, "--find", "nobody"])
      yield* stallAfter(3)
      yield* sql`create trigger stall before insert on leads_demo.events for each row execute function leads_demo.stall()`
      const lock = sql`select pg_advisory_xact_lock(1)`

      // in the middle of the first batch, before a line is reported: the first append went alone, the others together
      assert.strictEqual(yield* keep(yield* kill({ hold: lock, whatItSent: "is undone" })), 1)
      assert.deepStrictEqual(all, [])

      // in the middle of the rest of it: what was under way is appended, and nobody knows
      yield* stallAfter(5)
      assert.isAbove(yield* keep(yield* kill({ hold: lock, whatItSent: "is carried out" })), 5)
      assert.deepStrictEqual(all, [])

      // after the first batch was reported, before that is remembered
      const remembering = sql`lock table leads_demo.handled_lines in share mode`
      yield* stallAfter(1000)
      assert.strictEqual(yield* keep(yield* kill({ hold: remembering, whatItSent: "is undone" })), 8)
      assert.deepStrictEqual(all.map(({ number }) => number), [3, 4, 5, 6, 7, 8, 9, 10])
      assert.include(all.map(({ text }) => text), "at version 1, by an earlier run that was cut short")

      // while it reports
      yield* stallAfter(45)
      yield* keep(yield* kill({ hold: lock, atLine: 3, whatItSent: "is carried out" }))
      yield* keep(yield* kill({ hold: lock, atLine: 22, whatItSent: "is undone" }))
      yield* keep(yield* kill({ hold: lock, whatItSent: "is undone" }))
      yield* stallAfter(46)
      yield* keep(yield* kill({ hold: lock, whatItSent: "is carried out" }))
      yield* stallAfter(1000)

      // while it writes the last read model
      const writing = sql`lock table leads_demo.status_log in share mode`
      assert.strictEqual(yield* keep(yield* kill({ hold: writing, whatItSent: "is undone" })), 95)
      assert.isAbove((yield* sql`select from leads_demo.views where view = 'lead-list'`).length, 0)
      assert.deepStrictEqual(yield* sql`select from leads_demo.status_log`, [])

      const last = yield* run(["--postgres", url])
      assert.deepStrictEqual([last.code, last.stderr, reports(last.stdout)], [0, "", []])
      assert.match(last.stdout, /^121 commands were handled by an earlier run/)
      yield* assertReadModels
      assert.strictEqual(new Set(all.map(({ number }) => number)).size, 121)
    }), 120_000)
})
