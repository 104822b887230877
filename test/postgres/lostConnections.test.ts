import { assert, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as SqlClient from "effect/sql/SqlClient"
import { EventStore } from "refold/EventStore"
import * as Projection from "refold/Projection"
import { ProjectionStore } from "refold/ProjectionStore"
import {
  assertUnavailable,
  openTransaction,
  sessionsOf,
  startProcess,
  store,
  until,
  untilBlocked
} from "./fixtures/database.ts"
import { close, create, credited, freshId, makeAccount, makeLead } from "./fixtures/domain.ts"

const lead = makeLead()

/** Ends a session as an administrator does, and waits until it is gone. */
const terminate = (pid: number) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) =>
      Effect.map(sql<{ readonly gone: boolean }>`select pg_terminate_backend(${pid}, 5000) as gone`, ([row]) =>
        assert.isTrue(row?.gone))
  )

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("when the connection is lost", (it) => {
  it.effect("a command that waits to append is looked up, sent again, and lands once", () =>
    Effect.gen(function*() {
      const id = freshId()
      yield* lead.execute(id, create)
      const busy = yield* openTransaction
      yield* busy.run(lead.execute(freshId(), create))
      const other = yield* startProcess()
      const fiber = yield* Effect.forkChild(other.run(other.lead.execute(id, close)))
      yield* untilBlocked(other)
      for (const { blocked, pid } of yield* sessionsOf(other)) if (blocked) yield* terminate(pid)
      yield* untilBlocked(other)
      assert.strictEqual((yield* lead.load(id)).version, 1)
      yield* busy.commit
      assert.deepStrictEqual([(yield* Fiber.join(fiber)).version, (yield* lead.load(id)).version], [2, 2])
    }))

  for (const moment of ["in the middle of a batch", "at the end of a batch"]) {
    it.effect(`${moment}, a projection fails as unavailable, and the batch is handled again`, () =>
      Effect.gen(function*() {
        const account = makeAccount(`Account-${freshId()}`)
        const sql = yield* SqlClient.SqlClient
        const table = sql(`sums_${freshId()}`)
        yield* sql`create table ${table} (cents integer)`
        yield* EventStore.use((store) => store.append(account, "1", [credited(1), credited(2)]))
        const worker = yield* startProcess()
        const administrator = yield* Effect.context<SqlClient.SqlClient>()
        let healthy = false
        const projection = Projection.make(`sums-${freshId()}`, {
          version: 1,
          from: [account],
          handle: Effect.fnUntraced(function*(events) {
            const sql = yield* SqlClient.SqlClient
            for (const { event } of events) yield* sql`insert into ${table} values (${event.cents})`
            if (healthy) return
            const [session] = yield* sql<{ readonly pid: number }>`select pg_backend_pid() as pid`
            yield* Effect.provideContext(terminate(session!.pid), administrator)
            if (moment === "in the middle of a batch") yield* sql`insert into ${table} values (0)`
          })
        })
        assertUnavailable(yield* Effect.flip(worker.run(Projection.catchUp(projection))))
        assert.deepStrictEqual(yield* sql`select cents from ${table}`, [])
        healthy = true
        yield* worker.run(Projection.catchUp(projection))
        assert.deepStrictEqual(yield* sql`select cents from ${table} order by cents`, [{ cents: 1 }, { cents: 2 }])
      }))
  }
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("when the database gives up waiting", (it) => {
  it.effect("after its lock timeout, a command fails as unavailable and can be issued again", () =>
    Effect.gen(function*() {
      const id = freshId()
      yield* lead.execute(id, create)
      const busy = yield* openTransaction
      yield* busy.run(lead.execute(freshId(), create))
      const other = yield* startProcess({ client: { startupParameters: { lock_timeout: "10ms" } } })
      assertUnavailable(yield* Effect.flip(other.run(other.lead.execute(id, close))))
      yield* busy.rollback
      assert.strictEqual((yield* other.run(other.lead.execute(id, close))).version, 2)
    }))

  it.effect("on a transaction that was idle, or took too long, an append in it fails as unavailable", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const append = EventStore.use((store) => store.append(makeAccount(), freshId(), [credited(1)]))
      const settings = yield* sql<{ readonly name: string }>`select name from pg_settings
        where name in ('idle_in_transaction_session_timeout', 'transaction_timeout')`
      for (const { name: setting } of settings) {
        const other = yield* startProcess({ client: { startupParameters: { [setting]: "200ms" } } })
        const isGone = Effect.map(sessionsOf(other), (all) => !all.some(({ query }) => query.includes("append")))
        const untilGone = Effect.provideService(until("the session is ended", isGone), SqlClient.SqlClient, sql)
        const late = Effect.andThen(Effect.andThen(append, untilGone), append)
        assertUnavailable(yield* Effect.flip(other.run(ProjectionStore.use(({ transact }) => transact(late)))))
        yield* other.run(append)
      }
    }))

  it.effect("on batches that are slow, a running projection says so, and has them once they are not", () =>
    Effect.gen(function*() {
      const account = makeAccount(`Account-${freshId()}`)
      yield* EventStore.use((store) => store.append(account, "1", [credited(1)]))
      const settings = { startupParameters: { idle_in_transaction_session_timeout: "100ms" } }
      const other = yield* startProcess({ client: settings })
      const told = yield* Deferred.make<unknown>()
      const logger = Logger.make(({ message }) => {
        Deferred.doneUnsafe(told, Effect.succeed(message))
      })
      const sql = yield* SqlClient.SqlClient
      const isOver = Effect.map(sessionsOf(other), (all) => !all.some(({ query }) => query.includes(".partitions")))
      const untilOver = Effect.provideService(until("the session is ended", isOver), SqlClient.SqlClient, sql)
      const handled = yield* Deferred.make<void>()
      let tries = 0
      const slow = Projection.make(`slow-${freshId()}`, {
        version: 1,
        from: [account],
        handle: () => ++tries === 1 ? untilOver : Effect.asVoid(Deferred.succeed(handled, undefined))
      })
      yield* Projection.run(slow).pipe(
        other.run,
        Effect.provide(Logger.layer([logger])),
        Effect.forkScoped
      )
      assert.include(String(yield* Deferred.await(told)), "idle-in-transaction timeout")
      yield* Deferred.await(handled)
    }))

  it.effect("on a server that may only be read, as a replica or one out of disk, a command fails as unavailable", () =>
    Effect.gen(function*() {
      const other = yield* startProcess({
        client: { startupParameters: { default_transaction_read_only: "on" } },
        store: { migrate: false }
      })
      assertUnavailable(yield* Effect.flip(other.run(other.lead.execute(freshId(), create))))
    }))

  it.effect("because of a deadlock over rows of the user's own, a command fails as unavailable", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table mine (id integer)`
      yield* sql`insert into mine values (1)`
      const patient = yield* startProcess()
      const impatient = yield* startProcess({
        client: { startupParameters: { deadlock_timeout: "10ms" } }
      })
      const holdsRow = yield* impatient.run(openTransaction)
      const holdsAppends = yield* patient.run(openTransaction)
      const update = SqlClient.SqlClient.use((sql) => sql`update mine set id = 2`)
      yield* holdsRow.run(update)
      yield* holdsAppends.run(lead.execute(freshId(), create))
      const waits = yield* Effect.forkChild(holdsAppends.run(update))
      yield* untilBlocked(patient)
      assertUnavailable(yield* Effect.flip(holdsRow.run(lead.execute(freshId(), create))))
      yield* holdsRow.rollback
      yield* Fiber.join(waits)
      yield* holdsAppends.commit
    }))
})
