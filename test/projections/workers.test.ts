import { assert, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import * as Projection from "refold/Projection"
import * as Projections from "refold/Projections"
import { sessionsOf, startProcess, store, until } from "../postgres/fixtures/database.ts"
import { makeDeafStreams } from "../postgres/fixtures/deafStream.ts"
import { credited, freshId, makeAccount } from "../postgres/fixtures/domain.ts"
import * as TestDatabase from "../support/TestDatabase.ts"

/** A projection that writes amounts to a table of its own, and then does what `andThen` says. */
const writing = Effect.fnUntraced(function*<E>(
  andThen: (sql: SqlClient.SqlClient) => Effect.Effect<void, E, never> = () => Effect.void
) {
  const sql = yield* SqlClient.SqlClient
  const account = makeAccount(`Account-${freshId()}`)
  const table = sql(`written_${freshId()}`)
  yield* sql`create table ${table} (id bigserial, cents integer)`
  const projection = Projection.make(`writing-${freshId()}`, {
    version: 1,
    from: [account],
    handle: Effect.fnUntraced(function*(events) {
      const sql = yield* SqlClient.SqlClient
      for (const { event } of events) yield* sql`insert into ${table} (cents) values (${event.cents})`
      yield* andThen(sql)
    })
  })
  const append = (...cents: ReadonlyArray<number>) => EventStore.append(account, "1", cents.map(credited))
  const written = Effect.map(
    sql<{ readonly cents: number }>`select cents from ${table} order by id`,
    (rows) => rows.map(({ cents }) => cents)
  )
  return { account, append, projection, written }
})

const terminate = (pid: number) => SqlClient.SqlClient.use((sql) => sql`select pg_terminate_backend(${pid}, 5000)`)

const quietly = Effect.provideService(References.MinimumLogLevel, "None")

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("a worker on PostgreSQL", (it) => {
  it.effect("shares one connection to listen on with the subscribers of its process", () =>
    Effect.gen(function*() {
      const process = yield* startProcess({ store: { pollInterval: "1 hour" } })
      const { account, append, projection, written } = yield* writing()
      yield* Effect.forkScoped(process.run(Projection.run(projection)))
      yield* Effect.forkScoped(process.run(Stream.runDrain(EventStore.subscribe([account]))))
      const listening = Effect.map(sessionsOf(process), (all) => all.filter(({ query }) => /^listen/i.test(query)))
      yield* until("it listens", Effect.map(listening, ({ length }) => length > 0))
      for (const cents of [1, 2, 3]) {
        yield* append(cents)
        yield* process.run(Projection.whenCaughtUp(projection))
      }
      assert.deepStrictEqual(yield* written, [1, 2, 3])
      assert.strictEqual((yield* listening).length, 1)
    }))

  it.effect("needs no notifications", () =>
    Effect.gen(function*() {
      const process = yield* startProcess({ store: { listen: false, pollInterval: "20 millis" } })
      const { append, projection, written } = yield* writing()
      yield* Effect.forkScoped(process.run(Projection.run(projection, { partitions: 2, lease: "300 millis" })))
      yield* append(1)
      yield* process.run(Projection.whenCaughtUp(projection))
      assert.deepStrictEqual(yield* written, [1])
    }))

  for (const moment of ["before the handler is done", "when the handler is done"]) {
    it.effect(`handles a batch again whose connection was lost ${moment}, and neither stops nor parks it`, () =>
      Effect.gen(function*() {
        const administrator = yield* Effect.context<SqlClient.SqlClient>()
        let losses = 2
        const { append, projection, written } = yield* writing((sql) =>
          Effect.gen(function*() {
            if (losses-- <= 0) return
            const [session] = yield* sql<{ readonly pid: number }>`select pg_backend_pid() as pid`
            yield* Effect.provideContext(terminate(session!.pid), administrator)
            if (moment === "before the handler is done") yield* sql`select 1`
          })
        )
        yield* append(1, 2)
        const process = yield* startProcess()
        yield* Effect.forkScoped(quietly(process.run(
          Projection.run(projection, { onFailure: "park", retry: Schedule.recurs(2) })
        )))
        yield* process.run(Projection.whenCaughtUp(projection))
        assert.deepStrictEqual(yield* written, [1, 2])
        assert.deepStrictEqual(yield* Projections.parked(projection), [])
      }))
  }

  it.effect("goes on at the right place if it was not told that a batch was committed", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const streams = makeDeafStreams(url)
      let isHeard = false
      const { append, projection, written } = yield* writing(() =>
        Effect.sync(() => {
          if (!isHeard) streams.loseAnswers()
          isHeard = true
        })
      )
      yield* append(1, 2)
      const process = yield* startProcess({ client: { stream: streams.stream }, store: { listen: false } })
      yield* Effect.forkScoped(quietly(process.run(Projection.run(projection))))
      yield* Projection.whenCaughtUp(projection)
      yield* append(3)
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(yield* written, [1, 2, 3])
    }))

  it.effect("keeps operators waiting for the batch in hand, after which nothing more is committed", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const begun = yield* Deferred.make<void>()
      const { append, projection, written } = yield* writing(() =>
        Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(gate))
      )
      yield* append(1)
      const process = yield* startProcess()
      yield* Effect.forkScoped(process.run(Projection.run(projection)))
      yield* Deferred.await(begun)
      const operator = yield* startProcess()
      const paused = yield* Effect.forkScoped(operator.run(Projections.pause(projection)))
      yield* until(
        "the operator waits",
        Effect.map(sessionsOf(operator), (all) => all.some(({ blocked }) => blocked))
      )
      assert.deepStrictEqual(yield* written, [])
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(paused)
      assert.deepStrictEqual(yield* written, [1])
      yield* append(2)
      const halted = yield* Effect.flip(operator.run(Projection.whenCaughtUp(projection)))
      assert.strictEqual(halted._tag, "ProjectionHalted")
      assert.deepStrictEqual(yield* written, [1])
    }))
})
