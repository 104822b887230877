import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { SqlError } from "effect/sql/SqlError"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { EventStore } from "refold/EventStore"
import * as Projection from "refold/Projection"
import { ProjectionStore } from "refold/ProjectionStore"
import * as TestDatabase from "../support/TestDatabase.ts"
import { sessionsOf, store, until } from "./fixtures/database.ts"
import { credited, freshId, makeAccount } from "./fixtures/domain.ts"

/** A projection that writes what it is given to a table of its own, and then does what `andThen` says. */
const summing = Effect.fnUntraced(function*<E>(andThen: () => Effect.Effect<void, E, SqlClient.SqlClient>) {
  const sql = yield* SqlClient.SqlClient
  const account = makeAccount(`Account-${freshId()}`)
  const table = sql(`sums_${freshId()}`)
  yield* sql`create table ${table} (cents integer)`
  yield* EventStore.use((store) => store.append(account, "1", [credited(1), credited(2)]))
  const projection = Projection.make(`sums-${freshId()}`, {
    version: 1,
    from: [account],
    handle: Effect.fnUntraced(function*(events) {
      const sql = yield* SqlClient.SqlClient
      for (const { event } of events) yield* sql`insert into ${table} values (${event.cents})`
      yield* andThen()
    })
  })
  const rows = Effect.map(
    sql<{ readonly cents: number }>`select cents from ${table} order by cents`,
    (rows) => rows.map(({ cents }) => cents)
  )
  return { projection, rows }
})

const worker = fileURLToPath(new URL("./fixtures/countingWorker.ts", import.meta.url))

/** Starts a worker as a process of the operating system, which is killed at the end at the latest. */
const startWorker = (...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--conditions=@refold/source", worker, ...args], {
        stdio: ["ignore", "pipe", "inherit"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

const exited = (child: ChildProcess) =>
  Effect.promise(async () => child.exitCode ?? child.signalCode ?? await once(child, "exit"))

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("a projection that writes to its database", (it) => {
  it.effect("leaves neither rows nor a checkpoint behind when its handler fails after writing", () =>
    Effect.gen(function*() {
      let healthy = false
      const { projection, rows } = yield* summing(() => healthy ? Effect.void : Effect.fail("not today"))
      const projections = yield* ProjectionStore
      assert.strictEqual(yield* Effect.flip(Projection.catchUp(projection)), "not today")
      assert.deepStrictEqual(yield* rows, [])
      assert.deepStrictEqual((yield* projections.list(projection.name)).map(({ position }) => position), [0])
      healthy = true
      assert.isAbove(yield* Projection.catchUp(projection), 0)
      assert.deepStrictEqual(yield* rows, [1, 2])
    }))

  it.effect("fails with the handler's own error when that is one of the database", () =>
    Effect.gen(function*() {
      const { projection, rows } = yield* summing(() =>
        Effect.asVoid(SqlClient.SqlClient.use((sql) => sql`insert into missing values (1)`))
      )
      const error = yield* Effect.flip(Projection.catchUp(projection))
      assert.instanceOf(error, SqlError)
      assert.deepStrictEqual(yield* rows, [])
    }))

  it.effect("counts every event once although its worker is killed in the middle of a batch", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { url } = yield* TestDatabase.TestDatabase
      const store = yield* EventStore
      const account = makeAccount(`Account-${freshId()}`)
      yield* sql`create table counts (id text primary key, events integer not null)`
      const ids = ["a", "b", "c", "d", "e"]
      for (const id of ids) yield* store.append(account, id, Array.from({ length: 500 }, () => credited(1)))
      const { position } = (yield* store.append(account, "a", [credited(1)])).events[0]!

      const killed = yield* startWorker(url, account.category, String(position))
      const [line] = yield* Effect.promise(() => once(createInterface({ input: killed.stdout }), "line"))
      assert.strictEqual(line, "in the middle")
      killed.kill("SIGKILL")
      yield* exited(killed)
      yield* until(
        "the sessions of the killed worker are gone",
        Effect.map(sessionsOf({ name: "counting worker" }), ({ length }) => length === 0)
      )
      assert.deepStrictEqual(yield* sql`select sum(events)::integer as handled from counts`, [{ handled: 2000 }])

      const successor = yield* startWorker(url, account.category)
      yield* exited(successor)
      assert.strictEqual(successor.exitCode, 0)
      assert.deepStrictEqual(
        yield* sql`select id, events from counts order by id`,
        ids.map((id) => ({ id, events: id === "a" ? 501 : 500 }))
      )
    }))
})
