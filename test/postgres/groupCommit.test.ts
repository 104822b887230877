import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
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
import { sessionsOf, startProcess, store, until, untilBlocked } from "./fixtures/database.ts"
import { makeDeafStreams } from "./fixtures/deafStream.ts"
import { freshId } from "./fixtures/domain.ts"

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("appends of concurrent fibers", (it) => {
  it.effect("that wait for the same commit share the next one", () =>
    Effect.gen(function*() {
      const { database, fiber, process } = yield* busyProcess()
      const ids = Array.from({ length: 20 }, freshId)
      const others = yield* Effect.forkChild(
        process.run(Effect.forEach(ids, (id) => append(id, 2), { concurrency: "unbounded" }))
      )
      yield* Effect.yieldNow
      yield* database.commit
      yield* Fiber.join(fiber)
      const appended = yield* Fiber.join(others)
      assert.strictEqual(yield* transactionsOf(ids), 1)
      assert.deepStrictEqual(appended.map(({ version }) => version), ids.map(() => 1))
      assert.strictEqual(new Set(appended.map(({ position }) => position)).size, 20)
    }))

  it.effect("that are many leave while another batch is under way", () =>
    Effect.gen(function*() {
      const { database, fiber, process } = yield* busyProcess()
      const ids = Array.from({ length: 100 }, freshId)
      const others = yield* Effect.forkChild(
        process.run(Effect.forEach(ids, (id) => append(id, 2), { concurrency: "unbounded" }))
      )
      yield* until(
        "two batches wait for the database",
        Effect.map(sessionsOf(process), (all) => all.filter(({ blocked }) => blocked).length === 2)
      )
      yield* database.commit
      yield* Fiber.join(fiber)
      const appended = yield* Fiber.join(others)
      assert.deepStrictEqual(appended.map(({ version }) => version), ids.map(() => 1))
      assert.isAtMost(yield* transactionsOf(ids), 3)
    }))

  it.effect("that are started together share a commit although nobody is under way", () =>
    Effect.gen(function*() {
      const { run } = yield* startProcess()
      const ids = Array.from({ length: 20 }, freshId)
      yield* run(Effect.forEach(ids, (id) => append(id, 1), { concurrency: "unbounded" }))
      assert.strictEqual(yield* transactionsOf(ids), 1)
    }))

  it.effect("that only check their conditions take no position, and tell nobody to look", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const { run } = yield* startProcess()
      const notifications = yield* sql.listen("refold")
      const id = freshId()
      const first = yield* run(append(id, 1))
      yield* Queue.take(notifications)
      for (const condition of [AppendCondition.at(1), AppendCondition.noStream]) {
        yield* run(Effect.result(EventStore.append(account, id, [], { condition })))
      }
      const second = yield* run(append(id, 2))
      yield* Queue.take(notifications)
      assert.strictEqual(second.position, first.position + 1)
      assert.strictEqual(yield* Queue.size(notifications), 0)
    }))

  it.effect("succeed or are refused each on its own", () =>
    Effect.gen(function*() {
      const { database, fiber, process } = yield* busyProcess()
      const ids = Array.from({ length: 10 }, freshId)
      const others = yield* Effect.forkChild(
        process.run(Effect.forEach(ids, (id, n) =>
          Effect.result(append(id, n, n % 2 === 0 ? AppendCondition.noStream : AppendCondition.streamExists)), {
          concurrency: "unbounded"
        }))
      )
      yield* Effect.yieldNow
      yield* database.commit
      yield* Fiber.join(fiber)
      const results = yield* Fiber.join(others)
      assert.deepStrictEqual(
        results.map(Result.isSuccess),
        ids.map((_, n) =>
          n % 2 === 0
        )
      )
    }))

  it.effect("to one stream keep their order, and share a commit", () =>
    Effect.gen(function*() {
      const { database, fiber, process } = yield* busyProcess()
      const id = freshId()
      const cents = Array.from({ length: 30 }, (_, n) => n)
      const all = yield* Effect.forkChild(
        process.run(Effect.forEach(cents, (n) => append(id, n), { concurrency: "unbounded" }))
      )
      yield* Effect.yieldNow
      yield* database.commit
      yield* Fiber.join(fiber)
      const appended = yield* Fiber.join(all)
      assert.deepStrictEqual(appended.map(({ version }) => version), cents.map((n) => n + 1))
      assert.deepStrictEqual(
        appended.map(({ position }) => position),
        cents.map((n) => appended[0]!.position + n)
      )
      assert.deepStrictEqual(yield* centsOf(id), cents)
      assert.strictEqual(yield* transactionsOf([id]), 1)
    }))

  it.effect("to one stream go on when the first of them is refused", () =>
    Effect.gen(function*() {
      const { database, fiber, process } = yield* busyProcess()
      const id = freshId()
      const all = yield* Effect.forkChild(process.run(Effect.all([
        Effect.result(append(id, 1, AppendCondition.streamExists)),
        Effect.result(append(id, 2)),
        Effect.result(append(id, 3)),
        Effect.result(append(id, 4, AppendCondition.noStream))
      ], { concurrency: "unbounded" })))
      yield* Effect.yieldNow
      yield* database.commit
      yield* Fiber.join(fiber)
      assert.deepStrictEqual((yield* Fiber.join(all)).map(Result.isSuccess), [false, true, true, false])
      assert.deepStrictEqual(yield* centsOf(id), [2, 3])
    }))

  it.effect("that were not sent yet leave nothing behind when they are interrupted", () =>
    Effect.gen(function*() {
      const { database, fiber, process } = yield* busyProcess()
      const [withdrawn, patient] = [freshId(), freshId()]
      const withdrawnFiber = yield* Effect.forkChild(process.run(append(withdrawn, 1)))
      const patientFiber = yield* Effect.forkChild(process.run(append(patient, 1)))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(withdrawnFiber)
      yield* database.commit
      yield* Fiber.joinAll([fiber, patientFiber])
      assert.deepStrictEqual([yield* centsOf(withdrawn), yield* centsOf(patient)], [[], [1]])
    }))

  it.effect("that nobody waits for any more are cancelled", () =>
    Effect.gen(function*() {
      const { database, fiber, id, process } = yield* busyProcess()
      yield* Fiber.interrupt(fiber)
      assert.isTrue((yield* sessionsOf(process)).every(({ blocked }) => !blocked))
      yield* database.commit
      assert.deepStrictEqual(yield* centsOf(id), [])
    }))

  it.effect("of which only some are interrupted happen, and the interruption waits until they have", () =>
    Effect.gen(function*() {
      const process = yield* startProcess()
      const database = yield* busyDatabase
      const [left, stayed] = [freshId(), freshId()]
      const leftFiber = yield* Effect.forkChild(process.run(append(left, 1)), { startImmediately: true })
      const stayedFiber = yield* Effect.forkChild(process.run(append(stayed, 1)), { startImmediately: true })
      yield* untilBlocked(process)
      const interruption = yield* Effect.forkChild(Fiber.interrupt(leftFiber), { startImmediately: true })
      assert.isUndefined(leftFiber.pollUnsafe())
      yield* database.commit
      yield* Fiber.join(stayedFiber)
      yield* Fiber.join(interruption)
      const exit = yield* Fiber.await(leftFiber)
      assert.isTrue(Exit.hasInterrupts(exit))
      assert.deepStrictEqual([yield* centsOf(left), yield* centsOf(stayed)], [[1], [1]])
    }))

  it.effect("that wait when the store is closed fail as unavailable, and what is under way is finished", () =>
    Effect.gen(function*() {
      const [sent, waiting] = [freshId(), freshId()]
      const database = yield* busyDatabase
      const result = yield* Effect.scoped(Effect.gen(function*() {
        const process = yield* startProcess()
        const underWay = yield* Effect.forkDetach(process.run(append(sent, 1)), { startImmediately: true })
        yield* untilBlocked(process)
        const inLine = yield* Effect.forkDetach(process.run(append(waiting, 1)), { startImmediately: true })
        yield* Effect.forkDetach(Effect.andThen(Effect.yieldNow, database.commit))
        return { underWay, inLine }
      }))
      const error = yield* Effect.flip(Fiber.join(result.inLine))
      assert.instanceOf(error, EventStoreError)
      assert.strictEqual(error.reason._tag, "Unavailable")
      assert.strictEqual((yield* Fiber.join(result.underWay)).version, 1)
      assert.deepStrictEqual([yield* centsOf(sent), yield* centsOf(waiting)], [[1], []])
    }))

  it.effect("whose connection breaks get an answer: what was not appended is appended again, once", () =>
    Effect.gen(function*() {
      const process = yield* startProcess()
      const database = yield* busyDatabase
      const ids = Array.from({ length: 5 }, freshId)
      const fiber = yield* Effect.forkChild(
        process.run(Effect.forEach(ids, (id) => append(id, 1), { concurrency: "unbounded" }))
      )
      yield* untilBlocked(process)
      yield* terminateBlocked(yield* sessionsOf(process))
      // it asks what became of them, and has to wait for its turn to be told
      yield* untilBlocked(process)
      yield* database.commit
      const appended = yield* Fiber.join(fiber)
      assert.deepStrictEqual(appended.map(({ repeated, version }) => [version, repeated]), ids.map(() => [1, false]))
      for (const id of ids) assert.deepStrictEqual(yield* centsOf(id), [1])
    }))

  it.effect("that were committed although the answer was lost are found by the ids of their events", () =>
    Effect.gen(function*() {
      const id = freshId()
      yield* append(id, 1)
      yield* append(id, 2)
      const { url } = yield* TestDatabase.TestDatabase
      const { loseAnswers, stream } = makeDeafStreams(url)
      const process = yield* startProcess({ client: { stream, maxConnections: 2 }, store: { listen: false } })
      const database = yield* busyDatabase
      const fiber = yield* Effect.forkChild(process.run(Effect.all([
        append(id, 3, AppendCondition.onlySince(1, ["Credited"])),
        Effect.result(append(freshId(), 1, AppendCondition.streamExists))
      ], { concurrency: "unbounded" })))
      yield* untilBlocked(process)
      loseAnswers()
      yield* database.commit
      const [appended, refused] = yield* Fiber.join(fiber)
      assert.deepStrictEqual([appended.version, appended.repeated], [3, false])
      assert.deepStrictEqual(appended.missed.map(({ version }) => version), [2])
      assert.isTrue(Result.isFailure(refused))
      assert.deepStrictEqual(yield* centsOf(id), [1, 2, 3])
    }))
})
