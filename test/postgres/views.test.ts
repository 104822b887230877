import { assert, layer } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import * as Tracer from "effect/Tracer"
import { EventStore } from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import * as Projection from "refold/Projection"
import { ProjectionStore } from "refold/ProjectionStore"
import * as View from "refold/View"
import * as Views from "refold/Views"
import { openTransaction, startProcess, store, until, untilBlocked } from "./fixtures/database.ts"
import { credited, freshId, makeAccount } from "./fixtures/domain.ts"

/** The sum and the number of what was credited to each account. */
const makeSums = (account = makeAccount(`Account-${freshId()}`)) => {
  const sums = View.make(`sums-${freshId()}`, {
    version: 1,
    from: [account],
    state: Schema.Struct({ cents: Schema.Int, events: Schema.Int }),
    initial: { cents: 0, events: 0 },
    evolve: ({ cents, events }, { event }) => ({ cents: cents + event.cents, events: events + 1 })
  })
  return { account, sums, projection: Projection.ofView(sums) }
}

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
      yield* Projection.catchUp(Projection.ofView(big))
      const next: typeof big = { ...big, version: 2 }
      yield* Projection.catchUp(Projection.ofView(next))
      assert.deepStrictEqual(
        yield* sql`select key, (state->>'cents')::int as cents from refold.views where view = ${big.name} order by key`,
        [{ key: "ann", cents: 7 }]
      )
    }))

  it.effect("are read in one round trip each, and 100,000 of them in pages", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { account, projection, sums } = makeSums()
      yield* EventStore.use((store) => store.append(account, "1", [credited(1)]))
      yield* Projection.catchUp(projection)
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

  it.effect("are read once while a worker has their partition, and written once for each batch", () =>
    Effect.gen(function*() {
      const { account, projection, sums } = makeSums()
      const store = yield* EventStore
      for (const id of ["1", "2"]) yield* store.append(account, id, [credited(1), credited(2), credited(3)])
      const { statements } = yield* statementsOf(Projection.catchUp(projection, { batchSize: 2 }))
      const count = (what: string) => statements.filter((statement) => statement.includes(what)).length
      assert.strictEqual(count("insert into \"refold\".view_rows"), 3)
      assert.strictEqual(count("join \"refold\".view_rows"), 2)
      assert.deepStrictEqual([...yield* Views.all(sums)], [["1", { cents: 6, events: 3 }], ["2", {
        cents: 6,
        events: 3
      }]])
    }))

  it.effect("have every event once although batches are rolled back after they were folded", () =>
    Effect.gen(function*() {
      const { account, projection, sums } = makeSums()
      const store = yield* EventStore
      let declined = 0
      const failing: Projection.Projection<typeof projection.from, unknown, ProjectionStore> = {
        ...projection,
        handle: (events, partition) =>
          Effect.andThen(
            projection.handle(events, partition),
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

layer(store, { excludeTestServices: true, timeout: "60 seconds" })(
  "a projection that is inline on PostgreSQL",
  (it) => {
    it.effect("undoes the append when its handler fails, and says so; nothing of it is remembered", () =>
      Effect.gen(function*() {
        const { account, projection, sums } = makeSums()
        let declines = false
        const failing: Projection.Projection<typeof projection.from, unknown, ProjectionStore> = {
          ...projection,
          handle: (events, partition) =>
            Effect.andThen(
              projection.handle(events, partition),
              Effect.suspend(() => declines ? Effect.fail(new Error("the disk is full")) : Effect.void)
            )
        }
        yield* Effect.gen(function*() {
          yield* account.execute("1", { _tag: "Credit", cents: 5 })
          declines = true
          const error = yield* Effect.flip(account.execute("1", { _tag: "Credit", cents: 70 }))
          assert.instanceOf(error, EventStoreError)
          assert.strictEqual(error.message, `${sums.name} v1 failed, and so did the append: the disk is full`)
          assert.isFalse(error.isRetryable)
          declines = false
          assert.deepInclude(yield* account.load("1"), { state: 5, version: 1 })
          // not even for the next command on the same instance
          const { version } = yield* account.execute("1", { _tag: "Debit", cents: 5 })
          assert.strictEqual(version, 2)
          const rejected = yield* Effect.flip(account.execute("1", { _tag: "Debit", cents: 1 }))
          assert.strictEqual(rejected._tag, "InsufficientFunds")
          assert.deepStrictEqual(yield* Views.get(sums, "1"), Option.some({ cents: 10, events: 2 }))
        }).pipe(Effect.provide(Projection.inline(failing)))
      }))

    it.effect("is part of a transaction of the caller's, with what it appends", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const { account, projection, sums } = makeSums()
        yield* Effect.gen(function*() {
          const undone = Effect.gen(function*() {
            yield* account.execute("1", { _tag: "Credit", cents: 5 })
            yield* account.execute("2", { _tag: "Credit", cents: 6 })
            assert.strictEqual((yield* Views.all(sums)).size, 2)
            return yield* new Declined()
          })
          yield* Effect.flip(sql.withTransaction(undone))
          assert.strictEqual((yield* Views.all(sums)).size, 0)
          yield* sql.withTransaction(Effect.andThen(
            account.execute("1", { _tag: "Credit", cents: 7 }),
            account.execute("1", { _tag: "Credit", cents: 8 })
          ))
          assert.deepStrictEqual(yield* Views.get(sums, "1"), Option.some({ cents: 15, events: 2 }))
        }).pipe(Effect.provide(Projection.inline(projection)))
      }))

    it.effect("has the events of several processes once, in the order of the log", () =>
      Effect.gen(function*() {
        const { account, projection, sums } = makeSums()
        const debits = ["a", "b"]
        yield* Effect.forEach(debits, () =>
          Effect.flatMap(startProcess(), ({ run }) => {
            const own = makeAccount(account.category)
            return Effect.forEach(
              Array.from({ length: 30 }, (_, n) => n),
              (n) => own.execute(String(n % 3), { _tag: "Credit", cents: 1 }),
              { concurrency: 5 }
            ).pipe(Effect.provide(Projection.inline(projection)), run)
          }), { concurrency: "unbounded" })
        assert.deepStrictEqual(
          [...yield* Views.all(sums)],
          ["0", "1", "2"].map((id) => [id, { cents: 20, events: 20 }])
        )
        assert.deepStrictEqual([...yield* Views.live(sums)], [...yield* Views.all(sums)])
      }))

    it.effect("waits for a worker that is in the middle of a batch, and handles what comes after it", () =>
      Effect.gen(function*() {
        const { account, projection, sums } = makeSums()
        const projections = yield* ProjectionStore
        yield* projections.register(projection, { partitions: 1, categories: [account.category] })
        const process = yield* startProcess()
        const gate = yield* openTransaction
        yield* gate.run(projections.lock({ ...projection, partition: 0 }))
        const appending = yield* Effect.forkChild(
          account.execute("1", { _tag: "Credit", cents: 5 }).pipe(
            Effect.provide(Projection.inline(projection)),
            process.run
          )
        )
        yield* untilBlocked(process)
        yield* gate.commit
        yield* Fiber.join(appending)
        assert.deepStrictEqual(yield* Views.get(sums, "1"), Option.some({ cents: 5, events: 1 }))
      }))
  }
)
