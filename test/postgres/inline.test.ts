import { assert, layer } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as SqlClient from "effect/sql/SqlClient"
import { EventStoreError } from "refold/EventStoreError"
import * as Projection from "refold/Projection"
import { ProjectionStore } from "refold/ProjectionStore"
import * as Views from "refold/Views"
import * as TestDatabase from "../support/TestDatabase.ts"
import { openTransaction, sessionsOf, startProcess, store, untilBlocked } from "./fixtures/database.ts"
import { makeDeafStreams } from "./fixtures/deafStream.ts"
import { freshId, makeAccount } from "./fixtures/domain.ts"
import { makeSums } from "./fixtures/sums.ts"

class Declined extends Data.TaggedError("Declined")<{}> {}

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("inline on PostgreSQL, a projection", (it) => {
  it.effect("undoes the append when its handler fails, and says so; nothing of it is remembered", () =>
    Effect.gen(function*() {
      const { account, sums } = makeSums()
      let declines = false
      const failing: Projection.Projection<typeof sums.from, unknown, ProjectionStore> = {
        ...sums,
        handle: (events, partition) =>
          Effect.andThen(
            sums.handle(events, partition),
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
      const { account, sums } = makeSums()
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
      }).pipe(Effect.provide(Projection.inline(sums)))
    }))

  it.effect("has the events of several processes once, in the order of the log", () =>
    Effect.gen(function*() {
      const { account, sums } = makeSums()
      const debits = ["a", "b"]
      yield* Effect.forEach(debits, () =>
        Effect.flatMap(startProcess(), ({ run }) => {
          const own = makeAccount(account.category)
          return Effect.forEach(
            Array.from({ length: 30 }, (_, n) => n),
            (n) => own.execute(String(n % 3), { _tag: "Credit", cents: 1 }),
            { concurrency: 5 }
          ).pipe(Effect.provide(Projection.inline(sums)), run)
        }), { concurrency: "unbounded" })
      assert.deepStrictEqual(
        [...yield* Views.all(sums)],
        ["0", "1", "2"].map((id) => [id, { cents: 20, events: 20 }])
      )
      assert.deepStrictEqual([...yield* Views.live(sums)], [...yield* Views.all(sums)])
    }))

  it.effect("waits for a worker that is in the middle of a batch, and handles what comes after it", () =>
    Effect.gen(function*() {
      const { account, sums } = makeSums()
      const projections = yield* ProjectionStore
      yield* projections.register(sums, { partitions: 1, categories: [account.category] })
      const process = yield* startProcess()
      const gate = yield* openTransaction
      yield* gate.run(projections.lock({ ...sums, partition: 0 }))
      const appending = yield* Effect.forkChild(
        account.execute("1", { _tag: "Credit", cents: 5 }).pipe(
          Effect.provide(Projection.inline(sums)),
          process.run
        )
      )
      yield* untilBlocked(process)
      yield* gate.commit
      yield* Fiber.join(appending)
      assert.deepStrictEqual(yield* Views.get(sums, "1"), Option.some({ cents: 5, events: 1 }))
    }))

  for (const whatBecame of ["was committed", "was undone"]) {
    it.effect(`finds out whether an append ${whatBecame} whose connection broke in the end, and lands once`, () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const { url } = yield* TestDatabase.TestDatabase
        const { account, sums } = makeSums()
        const table = `marks_${freshId().replaceAll("-", "")}`
        // its COMMIT waits for a lock
        yield* sql.unsafe(`create table ${table} (cents integer)`)
        yield* sql.unsafe(`create function ${table}() returns trigger language plpgsql as $$ begin
          perform pg_advisory_xact_lock(42);
          return null;
        end $$`)
        yield* sql.unsafe(`create constraint trigger wait after insert on ${table} deferrable initially deferred
          for each row execute function ${table}()`)
        const marks = Projection.make(`marks-${freshId()}`, {
          version: 1,
          from: [account],
          handle: ([{ event }]) =>
            SqlClient.SqlClient.use((sql) => sql`insert into ${sql(table)} values (${event.cents})`)
        })
        const { loseAnswers, stream } = makeDeafStreams(url)
        const client = whatBecame === "was committed" ? { stream, maxConnections: 1 } : { maxConnections: 1 }
        const process = yield* startProcess({ client, store: { listen: false } })
        const lock = yield* openTransaction
        yield* lock.run(sql`select pg_advisory_xact_lock(42)`)
        const appending = yield* Effect.forkChild(
          account.execute("1", { _tag: "Credit", cents: 5 }).pipe(
            Effect.provide(Projection.inline(marks)),
            process.run
          )
        )
        yield* untilBlocked(process)
        if (whatBecame === "was committed") loseAnswers()
        else {
          for (const { pid } of yield* sessionsOf(process)) yield* sql`select pg_terminate_backend(${pid}, 5000)`
          yield* untilBlocked(process)
        }
        yield* lock.commit
        assert.strictEqual((yield* Fiber.join(appending)).version, 1)
        assert.deepStrictEqual(yield* sql.unsafe(`select cents from ${table}`), [{ cents: 5 }])
        assert.deepStrictEqual([...yield* Views.live(sums)], [["1", { cents: 5, events: 1 }]])
      }))
  }
})
