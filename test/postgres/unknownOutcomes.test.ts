import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as AppendCondition from "refold/AppendCondition"
import * as EventStore from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import * as EmbeddedPostgres from "../support/EmbeddedPostgres.ts"
import * as TestDatabase from "../support/TestDatabase.ts"
import { account, append, centsOf } from "./fixtures/busy.ts"
import { openTransaction, type Process, startProcess, untilBlocked } from "./fixtures/database.ts"
import { makeDeafStreams } from "./fixtures/deafStream.ts"
import { credited, freshId } from "./fixtures/domain.ts"
import { hurried } from "./fixtures/hurriedClock.ts"

class Server extends Context.Service<Server, EmbeddedPostgres.EmbeddedPostgres>()("refold/test/Server") {}

/** A server that only this file knows of, so that it may be killed. */
const server = Layer.effectContext(
  Effect.map(
    EmbeddedPostgres.make({ settings: EmbeddedPostgres.durable }),
    (server) =>
      Context.make(Server, server).pipe(
        Context.add(TestDatabase.TestDatabase, { name: "postgres", url: server.url })
      )
  )
)

/** Another process that keeps everybody from appending. */
const busyDatabase = Effect.gen(function*() {
  const { run } = yield* startProcess()
  const transaction = yield* run(openTransaction)
  yield* run(transaction.run(append(freshId(), 1)))
  return { run, transaction }
})

/** A process whose appends have reached the database, which somebody keeps busy. */
const waiting = Effect.fnUntraced(function*<A, E>(
  process: Process,
  appends: Effect.Effect<A, E, EventStore.EventStore>
) {
  const database = yield* busyDatabase
  const fiber = yield* Effect.forkChild(process.run(appends))
  yield* database.run(untilBlocked(process))
  return { ...database, fiber }
})

const reasonOf = <A, R>(self: Effect.Effect<A, unknown, R>) =>
  Effect.map(Effect.flip(self), (error) => {
    assert.instanceOf(error, EventStoreError)
    assert.isFalse(error.isRetryable)
    return error.reason
  })

layer(server, { excludeTestServices: true, timeout: "60 seconds" })("when the database goes away in a commit", (it) => {
  it.effect("and is back soon, all appends under way happen once", () =>
    Effect.gen(function*() {
      const server = yield* Server
      const process = yield* startProcess()
      const ids = Array.from({ length: 20 }, freshId)
      const [a, b] = [freshId(), freshId()]
      const { fiber } = yield* waiting(
        process,
        Effect.all([
          Effect.forEach(ids, (id, n) => append(id, n, AppendCondition.noStream), { concurrency: "unbounded" }),
          EventStore.appendAll([
            EventStore.appendTo(account, a, [credited(1)], { condition: AppendCondition.noStream }),
            EventStore.appendTo(account, b, [credited(1)], { condition: AppendCondition.noStream })
          ])
        ], { concurrency: "unbounded" })
      )
      yield* server.kill("SIGKILL")
      yield* server.start
      const [singles, several] = yield* Fiber.join(fiber)
      assert.deepStrictEqual(singles.map(({ version }) => version), ids.map(() => 1))
      assert.deepStrictEqual(several.map(({ version }) => version), [1, 1])
      for (const [n, id] of ids.entries()) assert.deepStrictEqual(yield* process.run(centsOf(id)), [n])
      for (const id of [a, b]) assert.deepStrictEqual(yield* process.run(centsOf(id)), [1])
    }))

  it.effect("and stays away, an append that did not happen fails as unknown, and can be made again", () =>
    Effect.gen(function*() {
      const server = yield* Server
      const process = yield* hurried(startProcess())
      const [id, eventIds] = [freshId(), [freshId()]]
      const again = EventStore.append(account, id, [credited(1)], { condition: AppendCondition.noStream, eventIds })
      const { fiber } = yield* waiting(process, again)
      yield* server.kill("SIGKILL")
      const reason = yield* reasonOf(Fiber.join(fiber))
      assert.strictEqual(reason._tag, "OutcomeUnknown")
      if (reason._tag !== "OutcomeUnknown") return
      assert.deepStrictEqual([reason.stream.id, reason.eventIds], [id, eventIds])
      yield* server.start
      const appended = yield* process.run(again)
      assert.deepStrictEqual([appended.version, appended.repeated], [1, false])
    }))

  it.effect("and stays away, an append that happened fails as unknown, and its event ids tell that it did", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const { loseAnswers, setReachable, stream } = makeDeafStreams(url)
      const process = yield* hurried(
        startProcess({ client: { stream, maxConnections: 1 }, store: { listen: false } })
      )
      const [a, b] = [freshId(), freshId()]
      const both = (eventIds: ReadonlyArray<string> | undefined) =>
        EventStore.appendAll([
          EventStore.appendTo(account, a, [credited(1)], eventIds && { eventIds: eventIds.slice(0, 1) }),
          EventStore.appendTo(account, b, [credited(2)], eventIds && { eventIds: eventIds.slice(1) })
        ])
      const { fiber, run, transaction } = yield* waiting(process, both(undefined))
      loseAnswers()
      setReachable(false)
      yield* transaction.commit
      const reason = yield* reasonOf(Fiber.join(fiber))
      assert.strictEqual(reason._tag, "OutcomeUnknown")
      if (reason._tag !== "OutcomeUnknown") return
      setReachable(true)
      const appended = yield* process.run(both(reason.eventIds))
      assert.deepStrictEqual(appended.map(({ repeated, version }) => [repeated, version]), [[true, 1], [true, 1]])
      assert.deepStrictEqual([yield* run(centsOf(a)), yield* run(centsOf(b))], [[1], [2]])
    }))

  it.effect("and lets nobody in afterwards, an append that happened fails as unknown", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const role = `role_${freshId().slice(0, 8)}`
      const { loseAnswers, stream } = makeDeafStreams(url)
      const administrator = yield* startProcess()
      const administer = (statement: string) =>
        administrator.run(SqlClient.SqlClient.use((sql) => sql.unsafe(statement).unprepared))
      yield* administer(`create role ${role} superuser login`)
      const process = yield* hurried(
        startProcess({ client: { stream, maxConnections: 1, username: role }, store: { listen: false } })
      )
      const id = freshId()
      const { fiber, run, transaction } = yield* waiting(process, append(id, 1))
      yield* administer(`alter role ${role} nologin`)
      loseAnswers()
      yield* transaction.commit
      assert.strictEqual((yield* reasonOf(Fiber.join(fiber)))._tag, "OutcomeUnknown")
      assert.deepStrictEqual(yield* run(centsOf(id)), [1])
    }))
})
