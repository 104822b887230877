import { assert, layer } from "@effect/vitest"
import { PgEventStore } from "@refold/sql-pg"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import * as Tracer from "effect/Tracer"
import { EventStore } from "refold/EventStore"
import * as Projection from "refold/Projection"
import { ProjectionStore } from "refold/ProjectionStore"
import * as View from "refold/View"
import * as Views from "refold/Views"
import * as TestDatabase from "../support/TestDatabase.ts"
import { store, until } from "./fixtures/database.ts"
import { credited, freshId } from "./fixtures/domain.ts"
import { makeSums } from "./fixtures/sums.ts"

/** The statements that an effect sends, but for the begin and the end of transactions. */
const statementsOf = Effect.fnUntraced(function*<A, E, R>(self: Effect.Effect<A, E, R>) {
  const statements: Array<string> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      const end = span.end.bind(span)
      span.end = (...args) => {
        const text = span.attributes.get("db.query.text")
        if (typeof text === "string") statements.push(text)
        end(...args)
      }
      return span
    }
  })
  const value = yield* Effect.withTracer(self, tracer)
  return { value, statements }
})

/** One connection, so that it tells what its statements have read; and nobody analyzes the table by himself. */
const oneConnection = PgEventStore.layer({ listen: false }).pipe(
  Layer.provideMerge(TestDatabase.client({ maxConnections: 1 })),
  Layer.provideMerge(Layer.effect(TestDatabase.TestDatabase, TestDatabase.make))
)

layer(oneConnection, { excludeTestServices: true, timeout: "60 seconds" })(
  "the rows of a view that has just grown",
  (it) => {
    it.effect("are found by their keys, by their changes and by their instants, not among all of them", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const projections = yield* ProjectionStore
        yield* sql`alter table refold.view_rows set (autovacuum_enabled = false)`
        yield* sql`insert into refold.view_rows (view, version, tenant, key, position, state, due)
        select 'grown', 1, 'default', lpad(n::text, 6, '0'), n, '1', 20000 - n from generate_series(1, 20000) n`
        yield* projections.register({ name: "grown", version: 1 }, { partitions: 1, categories: ["Account"] })
        yield* projections.moveTo({ name: "grown", version: 1 }, 20_000)
        const read = Effect.gen(function*() {
          yield* sql`select pg_stat_force_next_flush()`
          const [row] = yield* sql<
            { readonly read: number }
          >`select (sum(idx_tup_read) + max(t.seq_tup_read))::int as read
          from pg_stat_user_indexes join pg_stat_user_tables t using (relid) where t.relname = 'view_rows'`
          return row?.read ?? 0
        })
        const keys = Array.from(
          { length: 100 },
          (_, n) => ({ tenant: "default", key: String(n * 200).padStart(6, "0") })
        )
        const grown = { name: "grown", version: 1 }
        const tenant = "default"
        const asked = [
          [projections.rows(grown, keys), 99],
          [projections.page(grown, { tenant, key: "010000", limit: 1 }), 1],
          [projections.page(grown, { tenant, afterKey: "019000", limit: 100 }), 100],
          [projections.changes(grown, { tenant, after: 10_000, limit: 100 }), 100],
          [projections.due(grown, { by: 10_000, limit: 100 }), 100]
        ] as const
        for (const [ask, expected] of asked) {
          for (let time = 0; time < 8; time++) {
            const before = yield* read
            const found = yield* ask
            assert.strictEqual("rows" in found ? found.rows.length : found.length, expected)
            assert.isAtMost((yield* read) - before, expected + 3)
          }
        }
      }))

    it.effect("are told of without a list beside each of them of the streams that wait", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const projections = yield* ProjectionStore
        const id = { name: "waiting", version: 1 }
        yield* projections.register(id, { partitions: 1, categories: ["Account"] })
        yield* sql`insert into refold.view_rows (view, version, tenant, key, position, state)
          select 'waiting', 1, 'default', 'k' || lpad(n::text, 6, '0'), 1, '{}' from generate_series(1, 1000) n`
        yield* sql`insert into refold.parked (projection, version, position, partition, tenant, category, stream_id,
            event_version, type, error, is_skipped)
          select 'waiting', 1, n, 0, 'default', 'Account', 's' || n % 2000, n, 'Credited', '', false
          from generate_series(1, 4000) n`
        const spilled = Effect.gen(function*() {
          yield* sql`select pg_stat_force_next_flush()`
          const [row] = yield* sql<{ readonly bytes: bigint }>`select temp_bytes as bytes from pg_stat_database
            where datname = current_database()`
          return row?.bytes
        })
        const before = yield* spilled
        const page = yield* projections.page(id, { tenant: "default", limit: 1_000 })
        assert.strictEqual(yield* spilled, before)
        assert.strictEqual(page.rows.length, 1_000)
        assert.strictEqual(page.parkedStreams.length, 2_000)
        const one = yield* projections.page(id, { tenant: "default", key: "s7", category: "Account", limit: 1 })
        assert.deepStrictEqual(one.parkedStreams, ["s7"])
      }))
  }
)

class Declined extends Data.TaggedError("Declined")<{}> {}

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("the rows of a view on PostgreSQL", (it) => {
  it.effect("are there for analysts, of the versions that are live, without those that were deleted", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { account } = makeSums()
      const big = View.make(`big-${freshId()}`, {
        version: 1,
        from: [account],
        state: Schema.Struct({ cents: Schema.Int }),
        initial: { cents: 0 },
        evolve: ({ cents }, { event }) => cents + event.cents === 0 ? null : { cents: cents + event.cents }
      })
      yield* EventStore.use((store) =>
        Effect.all([
          store.append(account, "ann", [credited(3), credited(4)]),
          store.append(account, "bob", [credited(5), { _tag: "Debited", cents: -5 }])
        ])
      )
      yield* Projection.catchUp(big)
      const next = { ...big, version: 2 }
      yield* Projection.catchUp(next)
      assert.deepStrictEqual(
        yield* sql`select key, (state->>'cents')::int as cents from refold.views where view = ${big.name} order by key`,
        [{ key: "ann", cents: 7 }]
      )
    }))

  it.effect("are read in one round trip each, and 100,000 of them in pages", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { account, sums } = makeSums()
      yield* EventStore.use((store) => store.append(account, "1", [credited(1)]))
      yield* Projection.catchUp(sums)
      yield* sql`insert into refold.view_rows (view, version, tenant, key, position, state)
        select ${sums.name}, 1, 'default', 'k' || lpad(n::text, 6, '0'), 1, '{"cents": 1, "events": 1}'
        from generate_series(1, 99999) n`
      const one = yield* statementsOf(Views.get(sums, "k050000"))
      assert.deepStrictEqual(one.value, Option.some({ cents: 1, events: 1 }))
      assert.strictEqual(one.statements.length, 1)
      const waited = yield* statementsOf(Views.get(sums, "1", { consistency: { atLeast: 1 } }))
      assert.strictEqual(waited.statements.length, 1)
      const current = yield* statementsOf(Views.get(sums, "1", { consistency: "current" }))
      assert.strictEqual(current.statements.length, 2)
      const all = yield* statementsOf(Views.all(sums))
      assert.strictEqual(all.value.size, 100_000)
      assert.strictEqual(all.statements.length, 101)
    }), 30_000)

  it.effect("that were deleted may be deleted for good, and come back as if they had never been there", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { account } = makeSums()
      const store = yield* EventStore
      const open = View.make(`open-${freshId()}`, {
        version: 1,
        from: [account],
        state: Schema.Struct({ cents: Schema.Int }),
        initial: { cents: 0 },
        evolve: ({ cents }, { event }) => cents + event.cents === 0 ? null : { cents: cents + event.cents }
      })
      yield* store.append(account, "ann", [credited(5), { _tag: "Debited", cents: -5 }])
      const running = yield* Effect.forkScoped(Projection.run(open))
      yield* store.append(account, "bob", [credited(3)])
      const position = yield* Projection.catchUp(open)
      const deleted = yield* sql<{ readonly key: string }>`
        delete from refold.view_rows r where r.view = ${open.name} and r.state is null and r.position < (
          select min(p.position) from refold.partitions p where p.projection = r.view and p.version = r.version
        ) returning key`
      assert.deepStrictEqual(deleted, [{ key: "ann" }])
      assert.deepStrictEqual([...yield* Views.all(open, { consistency: "current" })], [["bob", { cents: 3 }]])
      yield* store.append(account, "ann", [credited(7)])
      assert.deepStrictEqual(
        yield* Views.get(open, "ann", { consistency: { atLeast: position + 1 } }),
        Option.some({ cents: 7 })
      )
      assert.deepStrictEqual([...(yield* Views.all(open, { consistency: "current" })).keys()].toSorted(), [
        "ann",
        "bob"
      ])
      yield* Fiber.interrupt(running)
    }))

  it.effect("are read once while a worker has their partition, and written once for each batch", () =>
    Effect.gen(function*() {
      const { account, sums } = makeSums()
      const store = yield* EventStore
      for (const id of ["1", "2"]) yield* store.append(account, id, [credited(1), credited(2), credited(3)])
      const { statements } = yield* statementsOf(Projection.catchUp(sums, { batchSize: 2 }))
      const count = (what: string) => statements.filter((statement) => statement.includes(what)).length
      assert.strictEqual(count("insert into \"refold\".view_rows"), 3)
      assert.strictEqual(count("as wanted("), 2)
      assert.deepStrictEqual([...yield* Views.all(sums)], [["1", { cents: 6, events: 3 }], ["2", {
        cents: 6,
        events: 3
      }]])
    }))

  it.effect("have every event once although batches are rolled back after they were folded", () =>
    Effect.gen(function*() {
      const { account, sums } = makeSums()
      const store = yield* EventStore
      let declined = 0
      const failing: Projection.Projection<typeof sums.from, unknown, ProjectionStore> = {
        ...sums,
        handle: (events, partition) =>
          Effect.andThen(
            sums.handle(events, partition),
            Effect.suspend(() => declined++ % 3 === 2 ? Effect.void : Effect.fail(new Declined()))
          )
      }
      const running = yield* Effect.forkChild(Projection.run(failing, { batchSize: 4, retry: Schedule.recurs(9) }))
      for (let n = 0; n < 5; n++) {
        const { position } = yield* store.append(account, String(n % 2), [credited(1), credited(2)])
        yield* until(
          "it is handled",
          Effect.map(
            Effect.exit(Views.get(sums, "0", { consistency: { atLeast: position, within: 0 } })),
            (exit) => exit._tag === "Success"
          )
        )
      }
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual([...yield* Views.all(sums)], [["0", { cents: 9, events: 6 }], ["1", {
        cents: 6,
        events: 4
      }]])
      assert.isAbove(declined, 5)
    }))
})
