import { assert, layer } from "@effect/vitest"
import type { PgEventStore } from "@refold/sql-pg"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import * as TestDatabase from "../support/TestDatabase.ts"
import { openTransaction, type Process, sessionsOf, startProcess, store, until } from "./fixtures/database.ts"
import { credited, freshId, makeAccount } from "./fixtures/domain.ts"

/** A subscriber in another process. `arrives` appends an event and waits until it has been seen. */
const follow = Effect.fnUntraced(function*(options: PgEventStore.Options) {
  const account = makeAccount(`Account-${freshId()}`)
  const process = yield* startProcess({ store: options })
  const store = yield* EventStore
  let cents = 0
  let seen = yield* Deferred.make<number>()
  yield* EventStore.use(({ subscribe }) =>
    Stream.runForEach(subscribe([account]), ({ event }) => Deferred.succeed(seen, event.cents))
  ).pipe(process.run, Effect.forkScoped)
  const arrives = Effect.gen(function*() {
    seen = yield* Deferred.make<number>()
    yield* store.append(account, "1", [credited(++cents)])
    assert.strictEqual(yield* Deferred.await(seen), cents)
  }).pipe(Effect.timeoutOrElse({
    duration: "8 seconds",
    orElse: () => Effect.die(new Error(`Waited in vain for event ${cents}`))
  }))
  yield* arrives
  return { arrives, process }
})

const listening = (process: Process) =>
  Effect.map(sessionsOf(process), (sessions) => sessions.filter(({ query }) => query.startsWith("LISTEN")))

const untilListening = (process: Process) =>
  until("the process listens", Effect.map(listening(process), ({ length }) => length === 1))

/** A subscriber that is told by nothing but a notification. */
const listen = Effect.tap(follow({ pollInterval: "1 hour" }), ({ process }) => untilListening(process))

/** A transaction that has written to a table and stays open until the test ends. */
const longTransaction = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create table unrelated (id integer)`
  const transaction = yield* openTransaction
  yield* transaction.run(sql`insert into unrelated values (1)`)
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("a subscriber in another process", (it) => {
  it.effect("is told of every event that comes now and then, without waiting for a poll", () =>
    Effect.gen(function*() {
      const { arrives } = yield* listen
      for (let times = 0; times < 5; times++) yield* arrives
    }))

  it.effect("sees every event by polling alone if it is not to listen", () =>
    Effect.gen(function*() {
      const { arrives, process } = yield* follow({ listen: false, pollInterval: "20 millis" })
      for (let times = 0; times < 5; times++) yield* arrives
      assert.deepStrictEqual(yield* listening(process), [])
    }))

  it.effect("goes on when the connection on which it listens is lost", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { arrives, process } = yield* listen
      for (let times = 0; times < 2; times++) {
        for (const { pid } of yield* listening(process)) yield* sql`select pg_terminate_backend(${pid}, 5000)`
        yield* arrives
        yield* untilListening(process)
        yield* arrives
      }
    }))

  it.effect("shares one connection to listen on with the others in its process", () =>
    Effect.gen(function*() {
      const process = yield* startProcess({ store: { pollInterval: "1 hour" } })
      const store = yield* EventStore
      const accounts = [1, 2, 3].map((n) => makeAccount(`Account-${n}-${freshId()}`))
      const subscribers = yield* Effect.forEach(accounts, (account) =>
        EventStore.use(({ subscribe }) =>
          Stream.runHead(subscribe([account]))
        ).pipe(process.run, Effect.forkChild))
      yield* untilListening(process)
      for (const account of accounts) yield* store.append(account, "1", [credited(1)])
      yield* Fiber.joinAll(subscribers)
      assert.strictEqual((yield* listening(process)).length, 1)
    }))

  it.effect("is not delayed by a long transaction that writes in another database of the server", () =>
    Effect.gen(function*() {
      const { arrives } = yield* listen
      yield* Effect.provideContext(longTransaction, yield* Layer.build(Layer.fresh(TestDatabase.layer)))
      yield* arrives
      yield* arrives
    }))

  it.effect("is not delayed by a long transaction that writes to another table", () =>
    Effect.gen(function*() {
      const { arrives } = yield* listen
      yield* longTransaction
      yield* arrives
      yield* arrives
    }))
})
