/** The log that readers are given in the benchmark, and what is found out about those who do not read all of it. */
import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as Account from "../../bench/src/account.ts"
import * as Audit from "../../bench/src/Audit.ts"
import { attempt } from "../../bench/src/contenders/Contender.ts"
import * as Table from "../../bench/src/contenders/handwritten/table.ts"
import * as Log from "../../bench/src/log.ts"
import * as Waiting from "../../bench/src/works/waiting.ts"
import * as TestDatabase from "../support/TestDatabase.ts"

const log = Log.ofAbout(700)

layer(TestDatabase.layer, { excludeTestServices: true })("a log that is there before", (it) => {
  it.effect("has what the accounts would have recorded, of streams that take turns", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const sql = yield* SqlClient.SqlClient
      const { audit, store } = yield* Table.prepareForLogs(url, [])
      yield* store(log)
      yield* Audit.check("The log", log, yield* audit)
      assert.deepStrictEqual([log.streams, log.length, log.events], [7, 100, 700])

      const rows = yield* sql.unsafe<{ readonly type: string; readonly data: unknown }>(
        "select type, data from events where stream = 'log-3' order by version"
      )
      const recorded = Account.history("log-3", log.length).map(Table.encode)
      assert.deepStrictEqual(
        rows.map(({ data, type }) => ({ type, data: JSON.stringify(data) })),
        recorded
      )
      const [first] = yield* sql.unsafe<{ readonly streams: number; readonly amount: number }>(
        `select (select count(distinct stream)::int from events where position <= 35) as streams,
           (select sum((data->>'amount')::int)::int from events) as amount`
      )
      assert.deepStrictEqual(first, { streams: 7, amount: log.amount })
    }))

  const counting = (tamper: string) =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      return yield* Log.checkCounts(
        "Somebody",
        url,
        log,
        `select stream, count(*) as count from (select stream from events ${tamper}) counted group by stream`
      )
    })

  it.effect("is counted in full, each event once", () => counting(""))

  it.effect("is not counted in full without one of its events", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(counting("where position <> 77"))
      assert.strictEqual(failure.message, "Somebody has counted 7 streams of 7, 1 of them wrongly")
    }))

  it.effect("is not counted once with an event that counted twice", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(counting("union all select stream from events where position = 77"))
      assert.strictEqual(failure.message, "Somebody has counted 7 streams of 7, 1 of them wrongly")
    }))

  it.effect("is not counted in full without one of its streams", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(counting("where stream <> 'log-3'"))
      assert.strictEqual(failure.message, "Somebody has counted 6 streams of 7, 0 of them wrongly")
    }))
})

describe("waiting for events", () => {
  /** A reader that is told of each event as often as `times` says. */
  const waiting = (times: (stream: string) => number, isStrict: boolean) => {
    const watch = Waiting.watch()
    const seen = Waiting.seenBy(watch)
    return attempt(() =>
      Waiting.wait(watch, {
        who: "Somebody",
        streams: ["a", "b", "c"],
        append: async (stream) => {
          for (let index = 0; index < times(stream); index++) seen(stream)
        },
        perSecond: 1000,
        patience: 20,
        isStrict
      })
    )
  }

  it.live("is a wait for each of them", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* waiting(() => 1, true), { millis: [0, 0, 0], missed: 0 })
    }))

  it.live("fails if one was missed", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(waiting((stream) => stream === "b" ? 0 : 1, true))
      assert.include(failure.message, "Somebody has missed 1 events and had 0 twice")
    }))

  it.live("fails if one was seen twice", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(waiting((stream) => stream === "b" ? 2 : 1, true))
      assert.include(failure.message, "Somebody has missed 0 events and had 1 twice")
    }))

  it.live("counts what is missed by those who are known for it", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* waiting((stream) => stream === "b" ? 0 : 1, false), { millis: [0, 0], missed: 1 })
    }))
})
