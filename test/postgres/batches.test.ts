import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as SqlClient from "effect/sql/SqlClient"
import * as AppendCondition from "refold/AppendCondition"
import * as EventStore from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import * as TestDatabase from "../support/TestDatabase.ts"
import {
  account,
  append,
  busyDatabase,
  busyProcess,
  centsOf,
  terminateBlocked,
  transactionsOf
} from "./fixtures/busy.ts"
import { assertUnavailable, sessionsOf, startProcess, store, untilBlocked } from "./fixtures/database.ts"
import { makeDeafStreams } from "./fixtures/deafStream.ts"
import { credited, freshId, makeLead } from "./fixtures/domain.ts"

const freshIds = (count: number) => Array.from({ length: count }, freshId)

const reasonOf = (result: Result.Result<unknown, unknown>) =>
  Result.isSuccess(result) ? "appended" : result.failure instanceof EventStoreError
    ? result.failure.reason._tag
    : result.failure

const unlucky = 666

const refuseUnlucky = SqlClient.SqlClient.use((sql) =>
  sql`alter table refold.events add constraint lucky check ((data ->> 'cents')::integer <> ${
    sql.literal(`${unlucky}`)
  })`
)

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("a batch", (it) => {
  it.effect("with an event that the database refuses is appended without it", () =>
    Effect.gen(function*() {
      yield* refuseUnlucky
      const { database, fiber, process } = yield* busyProcess()
      const ids = freshIds(9)
      const all = yield* Effect.forkChild(process.run(Effect.forEach(ids, (id, n) =>
        Effect.result(n % 4 === 1 ? append(id, unlucky) : append(id, n)), { concurrency: "unbounded" })))
      yield* Effect.yieldNow
      yield* database.commit
      yield* Fiber.join(fiber)
      const results = yield* Fiber.join(all)
      assert.deepStrictEqual(
        results.map(reasonOf),
        ids.map((_, n) =>
          n % 4 === 1 ? "StoreFailure" : "appended"
        )
      )
      for (const [n, id] of ids.entries()) assert.deepStrictEqual(yield* centsOf(id), n % 4 === 1 ? [] : [n])
      const [a, b] = freshIds(2) as [string, string]
      assert.strictEqual(
        reasonOf(
          yield* Effect.result(process.run(EventStore.appendAll([
            EventStore.appendTo(account, a, [credited(1)]),
            EventStore.appendTo(account, b, [credited(unlucky)])
          ])))
        ),
        "StoreFailure"
      )
      assert.deepStrictEqual([yield* centsOf(a), yield* centsOf(b)], [[], []])
    }))

  it.effect("with an append that makes no sense is appended without it", () =>
    Effect.gen(function*() {
      const { database, fiber, process } = yield* busyProcess()
      const [good, bad] = freshIds(2) as [string, string]
      const goodFiber = yield* Effect.forkChild(process.run(append(good, 1)))
      const badFiber = yield* Effect.forkChild(process.run(append(bad, 1, AppendCondition.at(1.5))))
      yield* Effect.yieldNow
      yield* database.commit
      yield* Fiber.joinAll([fiber, goodFiber])
      assert.isTrue(Exit.hasDies(yield* Fiber.await(badFiber)))
      assert.deepStrictEqual([yield* centsOf(good), yield* centsOf(bad)], [[1], []])
    }))

  it.effect("in which an event id is used twice, for different events, is appended without one of them", () =>
    Effect.gen(function*() {
      const { database, fiber, process } = yield* busyProcess()
      const [eventId, ...ids] = freshIds(5) as [string, ...Array<string>]
      const all = yield* Effect.forkChild(process.run(Effect.forEach(ids, (id, n) =>
        Effect.result(
          EventStore.append(account, id, [credited(n)], { eventIds: n < 2 ? [eventId] : undefined })
        ), { concurrency: "unbounded" })))
      yield* Effect.yieldNow
      yield* database.commit
      yield* Fiber.join(fiber)
      const reasons = (yield* Fiber.join(all)).map(reasonOf)
      assert.sameMembers(reasons.slice(0, 2), ["EventIdTaken", "appended"])
      assert.deepStrictEqual(reasons.slice(2), ["appended", "appended"])
    }))

  it.effect("takes no more appends when it has two thousand events, or four megabytes of text", () =>
    Effect.gen(function*() {
      const lead = makeLead()
      const long = [{ _tag: "NameChanged" as const, name: "x".repeat(2_500_000) }]
      const many = Array.from({ length: 900 }, () => credited(1))
      const { database, fiber, process } = yield* busyProcess()
      const [short, large] = [freshIds(5), freshIds(4)]
      const all = yield* Effect.forkChild(process.run(Effect.all([
        ...short.map((id) => Effect.asVoid(EventStore.append(account, id, many))),
        ...large.map((id) => Effect.asVoid(EventStore.append(lead, id, long)))
      ], { concurrency: "unbounded" })))
      yield* Effect.yieldNow
      yield* database.commit
      yield* Fiber.join(fiber)
      yield* Fiber.join(all)
      assert.deepStrictEqual([yield* transactionsOf(short), yield* transactionsOf(large)], [3, 2])
    }))

  it.effect("tells an append that only checks where its own stream ends, whoever appends to it next", () =>
    Effect.gen(function*() {
      const { database, fiber, process } = yield* busyProcess()
      const [there, missing] = freshIds(2) as [string, string]
      const check = (id: string) => EventStore.append(account, id, [])
      const all = yield* Effect.forkChild(process.run(Effect.all([
        append(there, 1),
        check(missing),
        append(missing, 2)
      ], { concurrency: "unbounded" })))
      yield* Effect.yieldNow
      yield* database.commit
      yield* Fiber.join(fiber)
      const [, checked, appended] = yield* Fiber.join(all)
      assert.deepStrictEqual([checked.version, checked.position, appended.version], [0, 0, 1])
    }))

  it.effect("whose first append to a stream is refused does not send the others again that nobody waits for", () =>
    Effect.gen(function*() {
      const process = yield* startProcess()
      const database = yield* busyDatabase
      const id = freshId()
      const refused = yield* Effect.forkChild(
        process.run(Effect.result(append(id, 1, AppendCondition.streamExists))),
        { startImmediately: true }
      )
      const left = yield* Effect.forkChild(process.run(append(id, 2)), { startImmediately: true })
      const stayed = yield* Effect.forkChild(process.run(append(id, 3)), { startImmediately: true })
      yield* untilBlocked(process)
      const interruption = yield* Effect.forkChild(Fiber.interrupt(left), { startImmediately: true })
      yield* database.commit
      yield* Fiber.join(interruption)
      assert.isTrue(Result.isFailure(yield* Fiber.join(refused)))
      yield* Fiber.join(stayed)
      assert.deepStrictEqual(yield* centsOf(id), [3])
    }))

  it.effect("for which there is no connection fails as a whole, and not one append after the other", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const { attempts, hangUp, setReachable, stream } = makeDeafStreams(url)
      const { run } = yield* startProcess({ client: { stream, maxConnections: 1 }, store: { listen: false } })
      setReachable(false)
      hangUp()
      const before = attempts()
      const ids = freshIds(50)
      const results = yield* run(
        Effect.forEach(ids, (id) => Effect.result(append(id, 1)), { concurrency: "unbounded" })
      )
      for (const result of results) assertUnavailable(Result.isFailure(result) ? result.failure : undefined)
      assert.isBelow(attempts() - before, 10)
      setReachable(true)
      assert.strictEqual((yield* run(append(ids[0]!, 1))).version, 1)
    }))

  it.effect("whose connection breaks is told if an event id is used for something else meanwhile", () =>
    Effect.gen(function*() {
      const process = yield* startProcess()
      const database = yield* busyDatabase
      const [id, other, eventId] = freshIds(3) as [string, string, string]
      const appendAs = (id: string) => EventStore.append(account, id, [credited(1)], { eventIds: [eventId] })
      const fiber = yield* Effect.forkChild(process.run(Effect.result(appendAs(id))))
      yield* untilBlocked(process)
      yield* terminateBlocked(yield* sessionsOf(process))
      yield* untilBlocked(process)
      yield* database.run(appendAs(other))
      yield* database.commit
      assert.strictEqual(reasonOf(yield* Fiber.join(fiber)), "EventIdTaken")
      assert.deepStrictEqual([yield* centsOf(id), yield* centsOf(other)], [[], [1]])
    }))

  it.effect("is not waited for by an append that comes after the store was closed", () =>
    Effect.gen(function*() {
      const run = yield* Effect.scoped(Effect.map(startProcess(), ({ run }) => run))
      const late = run(append(freshId(), 1)).pipe(
        Effect.timeoutOrElse({ duration: "5 seconds", orElse: () => Effect.die(new Error("It waits for ever")) })
      )
      assertUnavailable(yield* Effect.flip(late))
    }))
})
