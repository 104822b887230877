/** What the benchmark finds out about a contender that did not do its work. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as Account from "../../bench/src/account.ts"
import * as Audit from "../../bench/src/Audit.ts"
import * as Table from "../../bench/src/contenders/handwritten/table.ts"
import * as TestDatabase from "../support/TestDatabase.ts"

const expected = { streams: 3, events: 15 }

/** Three streams of five events, and then what `tamper` does to them. */
const audited = (tamper: string) =>
  Effect.gen(function*() {
    const { url } = yield* TestDatabase.TestDatabase
    const sql = yield* SqlClient.SqlClient
    yield* sql`drop table if exists events`
    const { audit, seed } = yield* Table.prepare(url, [])
    yield* seed(["a", "b", "c"], 5)
    yield* sql.unsafe(tamper)
    return yield* Audit.check("Somebody", expected, yield* audit)
  })

const wrongs = {
  "a lost event": ["delete from events where stream = 'b' and version = 5", "14 events are stored, not 15"],
  "a lost stream": ["delete from events where stream = 'b'", "2 streams are stored, not 3"],
  "a gap in a stream": ["update events set version = 9 where stream = 'b' and version = 5", "out of order"],
  "a log that disagrees with a stream": [
    "update events set position = default where stream = 'b' and version = 4",
    "out of order"
  ],
  "a decision on a stale state": [
    `update events set data = jsonb_set(data::jsonb, '{balance}', '1') where stream = 'b' and version = 5`,
    "1 decisions were made on a stale state"
  ]
} as const

layer(TestDatabase.layer, { excludeTestServices: true })("the audit", (it) => {
  it.effect("finds nothing wrong with work that was done", () => audited("select 1"))

  for (const [wrong, [tamper, message]] of Object.entries(wrongs)) {
    it.effect(`finds ${wrong}`, () =>
      Effect.gen(function*() {
        const failure = yield* Effect.flip(audited(tamper))
        assert.include(failure.message, "Somebody did not do its work")
        assert.include(failure.message, message)
      }))
  }

  it.effect("finds the same in memory", () =>
    Effect.gen(function*() {
      const events = Account.history("a", 5).map((event, index) => ({
        stream: "a",
        version: index + 1,
        position: index + 1,
        id: `${index}`,
        event
      }))
      const check = (found: typeof events) => Audit.check("Somebody", { streams: 1, events: 5 }, Audit.ofEvents(found))
      yield* check(events)
      const failure = yield* Effect.flip(check(events.toSpliced(3, 1)))
      assert.include(failure.message, "4 events are stored, not 5; 1 events are out of order; 1 decisions were made")
      const twice = yield* Effect.flip(check(events.map((event) => ({ ...event, id: "one" }))))
      assert.include(twice.message, "4 events lack an id")
    }))
})
