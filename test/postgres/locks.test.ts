import { assert, layer } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as SqlClient from "effect/sql/SqlClient"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { LockTimeout } from "refold/Lock"
import * as TestDatabase from "../support/TestDatabase.ts"
import { type Process, sessionsOf, startProcess, store, until } from "./fixtures/database.ts"
import { changeName, create, freshId, makeLead } from "./fixtures/domain.ts"

const lead = makeLead()

/** The row of a lock, if there is one. */
const lockOf = Effect.fnUntraced(function*(id: string) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ readonly held: boolean; readonly reserved: boolean }>`
    select expires_at > clock_timestamp() as held, next_owner is not null as reserved
    from refold.locks where stream_id = ${id}`
  return row
})

/** Waits until somebody who does not have the lock is the next to get it. */
const untilReserved = (id: string) =>
  until("the next turn is reserved", Effect.map(lockOf(id), (row) => row?.reserved === true))

/** Takes the lock in a process and keeps it until told to `end`. */
const holder = Effect.fnUntraced(function*(process: Process, id: string) {
  const inside = yield* Deferred.make<void>()
  const gate = yield* Deferred.make<void>()
  const visit = Effect.andThen(Deferred.succeed(inside, undefined), Deferred.await(gate))
  const fiber = yield* Effect.forkChild(process.run(process.lead.withLock(id, visit)))
  yield* Deferred.await(inside)
  return { end: Effect.andThen(Deferred.succeed(gate, undefined), Fiber.await(fiber)) }
})

/** A clock that is an hour ahead of all others. */
const fast = Effect.map(Clock.Clock, (clock): Clock.Clock => {
  const now = () => clock.currentTimeMillisUnsafe() + 3_600_000
  return Object.create(clock, {
    currentTimeMillisUnsafe: { value: now },
    currentTimeMillis: { value: Effect.sync(now) }
  })
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("a lock, between processes", (it) => {
  it.effect("lets nobody in while somebody is inside", () =>
    Effect.gen(function*() {
      const id = freshId()
      const processes = [yield* startProcess(), yield* startProcess(), yield* startProcess()]
      let inside = 0
      const entered: Array<number> = []
      const visit = (process: number) =>
        Effect.gen(function*() {
          assert.strictEqual(++inside, 1)
          entered.push(process)
          yield* processes[process]!.run(lead.load(id))
          assert.strictEqual(inside--, 1)
        })
      yield* Effect.forEach(
        Array.from({ length: 18 }, (_, index) => index % 3),
        (process) => processes[process]!.run(lead.withLock(id, visit(process))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(entered.toSorted((a, b) => a - b), [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2])
      assert.isUndefined(yield* lockOf(id))
    }))

  it.effect("goes to who asked in another process before it goes to the next in line here", () =>
    Effect.gen(function*() {
      const id = freshId()
      const [here, elsewhere] = [yield* startProcess(), yield* startProcess()]
      const order: Array<string> = []
      const visit = (process: Process, name: string) =>
        Effect.forkChild(process.run(lead.withLock(id, Effect.sync(() => order.push(name)))), {
          startImmediately: true
        })
      const first = yield* holder(here, id)
      const waiting = [yield* visit(here, "here"), yield* visit(here, "here"), yield* visit(elsewhere, "elsewhere")]
      yield* untilReserved(id)
      yield* first.end
      yield* Effect.forEach(waiting, Fiber.join)
      assert.deepStrictEqual(order, ["elsewhere", "here", "here"])
    }))

  it.effect("is waited for as long as was said, and what was reserved meanwhile is given up", () =>
    Effect.gen(function*() {
      const id = freshId()
      const [here, elsewhere] = [yield* startProcess(), yield* startProcess()]
      const first = yield* holder(here, id)
      const error = yield* Effect.flip(elsewhere.run(lead.withLock(id, Effect.void, { wait: 60 })))
      assert.instanceOf(error, LockTimeout)
      assert.deepStrictEqual(yield* lockOf(id), { held: true, reserved: false })

      const waiting = yield* Effect.forkChild(elsewhere.run(lead.withLock(id, Effect.void)))
      yield* untilReserved(id)
      yield* Fiber.interrupt(waiting)
      assert.deepStrictEqual(yield* lockOf(id), { held: true, reserved: false })
      yield* first.end
      assert.isUndefined(yield* lockOf(id))
    }))

  it.effect("that somebody waited for in vain is not kept when it is given back in the meantime", () =>
    Effect.gen(function*() {
      const id = freshId()
      const [here, elsewhere] = [yield* startProcess(), yield* startProcess()]
      const first = yield* holder(here, id)
      const waiting = yield* Effect.forkChild(elsewhere.run(lead.withLock(id, Effect.void)))
      yield* untilReserved(id)
      yield* Effect.all([first.end, Fiber.interrupt(waiting)], { concurrency: "unbounded" })
      yield* here.run(lead.withLock(id, Effect.void))
      assert.isUndefined(yield* lockOf(id))
    }))

  it.effect("ends by the clock of the database, whatever the clocks of the processes say", () =>
    Effect.gen(function*() {
      const id = freshId()
      const [here, elsewhere] = [yield* startProcess(), yield* startProcess()]
      const first = yield* holder(here, id)
      const early = lead.withLock(id, Effect.void, { wait: 0 }).pipe(Effect.provideService(Clock.Clock, yield* fast))
      assert.instanceOf(yield* Effect.flip(elsewhere.run(early)), LockTimeout)
      yield* first.end
      yield* elsewhere.run(early)
    }))

  it.effect("holds neither a transaction nor a connection: what runs inside can have the only one", () =>
    Effect.gen(function*() {
      const id = freshId()
      const only = yield* startProcess({ client: { maxConnections: 1 }, store: { listen: false } })
      const sql = yield* SqlClient.SqlClient
      yield* only.run(lead.execute(id, create))
      const states = sql<{ readonly state: string }>`
        select state from pg_stat_activity where application_name = ${only.name}`
      const visit = Effect.gen(function*() {
        assert.deepStrictEqual(yield* states, [{ state: "idle" }])
        yield* lead.execute(id, changeName("Bea"))
      })
      yield* only.run(lead.withLock(id, visit))
      assert.strictEqual((yield* lead.load(id)).version, 2)
      assert.isAbove((yield* sessionsOf(only)).length, 0)
    }))

  it.effect("is not taken inside a transaction, but may be taken around one, and again inside that", () =>
    Effect.gen(function*() {
      const id = freshId()
      const sql = yield* SqlClient.SqlClient
      const inside = yield* Effect.exit(sql.withTransaction(lead.withLock(id, Effect.void)))
      assert.isTrue(Exit.hasDies(inside))
      assert.include(String(inside), `Lead-${id}: take the lock around the transaction, not inside it`)
      yield* lead.withLock(id, sql.withTransaction(lead.withLock(id, lead.execute(id, create))))
      assert.strictEqual((yield* lead.load(id)).version, 1)
      assert.isUndefined(yield* lockOf(id))
    }))

  it.effect("of a process that was killed ends by itself, and not before", () =>
    Effect.gen(function*() {
      const id = freshId()
      const sql = yield* SqlClient.SqlClient
      const { url } = yield* TestDatabase.TestDatabase
      const worker = fileURLToPath(new URL("./fixtures/lockingWorker.ts", import.meta.url))
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, ["--conditions=@refold/source", worker, url, id, "1500"], {
            stdio: ["ignore", "pipe", "inherit"]
          })
        ),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      yield* Effect.promise(() => once(child.stdout, "data"))
      const exited = once(child, "exit")
      child.kill("SIGKILL")
      yield* Effect.promise(() => exited)
      const [lease] = yield* sql<{ readonly expires_at: Date }>`
        select expires_at from refold.locks where stream_id = ${id}`
      assert.instanceOf(yield* Effect.flip(lead.withLock(id, Effect.void, { wait: 0 })), LockTimeout)
      const [entered] = yield* lead.withLock(id, sql<{ readonly now: Date }>`select clock_timestamp() as now`)
      assert.isAtLeast(entered!.now.getTime(), lease!.expires_at.getTime())
    }))
})
