import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SqlClient from "effect/sql/SqlClient"
import * as AppendCondition from "refold/AppendCondition"
import * as EventStore from "refold/EventStore"
import * as TestDatabase from "../support/TestDatabase.ts"
import { account, append, busyDatabase, busyProcess, centsOf, terminateBlocked } from "./fixtures/busy.ts"
import { sessionsOf, startProcess, store, until, untilBlocked } from "./fixtures/database.ts"
import { makeDeafStreams } from "./fixtures/deafStream.ts"
import { credited, freshId } from "./fixtures/domain.ts"

const freshIds = (count: number) => Array.from({ length: count }, freshId)

const appendBoth = (a: string, b: string, cents: number, condition = AppendCondition.any) =>
  EventStore.appendAll([
    EventStore.appendTo(account, a, [credited(cents)], { condition }),
    EventStore.appendTo(account, b, [credited(cents)], { condition })
  ])

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("an append to several streams", (it) => {
  it.effect("that was not sent yet leaves nothing behind when it is interrupted", () =>
    Effect.gen(function*() {
      const { database, fiber, process } = yield* busyProcess()
      const [a, b, c, d] = freshIds(4) as [string, string, string, string]
      const withdrawn = yield* Effect.forkChild(process.run(appendBoth(a, b, 1)))
      const patient = yield* Effect.forkChild(process.run(appendBoth(c, d, 1)))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(withdrawn)
      yield* database.commit
      yield* Fiber.join(fiber)
      yield* Fiber.join(patient)
      for (const id of [a, b]) assert.deepStrictEqual(yield* centsOf(id), [])
      for (const id of [c, d]) assert.deepStrictEqual(yield* centsOf(id), [1])
    }))

  it.effect("that is interrupted while it waits in the database is cancelled", () =>
    Effect.gen(function*() {
      const process = yield* startProcess()
      const database = yield* busyDatabase
      const [a, b] = freshIds(2) as [string, string]
      const fiber = yield* Effect.forkChild(process.run(appendBoth(a, b, 1)))
      yield* untilBlocked(process)
      yield* Fiber.interrupt(fiber)
      assert.isTrue((yield* sessionsOf(process)).every(({ blocked }) => !blocked))
      yield* database.commit
      for (const id of [a, b]) assert.deepStrictEqual(yield* centsOf(id), [])
      yield* process.run(appendBoth(a, b, 2))
      for (const id of [a, b]) assert.deepStrictEqual(yield* centsOf(id), [2])
    }))

  it.effect("whose connection breaks while it waits is sent again, and happens once", () =>
    Effect.gen(function*() {
      const process = yield* startProcess()
      const database = yield* busyDatabase
      const [a, b] = freshIds(2) as [string, string]
      const fiber = yield* Effect.forkChild(process.run(appendBoth(a, b, 1, AppendCondition.noStream)))
      yield* untilBlocked(process)
      yield* terminateBlocked(yield* sessionsOf(process))
      yield* untilBlocked(process)
      yield* database.commit
      assert.deepStrictEqual((yield* Fiber.join(fiber)).map(({ repeated, version }) => [repeated, version]), [
        [false, 1],
        [false, 1]
      ])
      for (const id of [a, b]) assert.deepStrictEqual(yield* centsOf(id), [1])
    }))

  it.effect("whose connection breaks, although the database goes on with it, happens once", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const { hangUp, stream } = makeDeafStreams(url)
      const process = yield* startProcess({ client: { stream, maxConnections: 2 }, store: { listen: false } })
      const database = yield* busyDatabase
      const [a, b] = freshIds(2) as [string, string]
      const fiber = yield* Effect.forkChild(process.run(appendBoth(a, b, 1, AppendCondition.noStream)))
      yield* untilBlocked(process)
      hangUp()
      const blocked = Effect.map(sessionsOf(process), (all) => all.filter(({ blocked }) => blocked).length)
      yield* until("it asks what became of the first", Effect.map(blocked, (count) => count === 2))
      yield* database.commit
      const placed = yield* Fiber.join(fiber)
      assert.deepStrictEqual(placed.map(({ repeated, version }) => [repeated, version]), [[false, 1], [false, 1]])
      for (const id of [a, b]) assert.deepStrictEqual(yield* centsOf(id), [1])
    }))

  it.effect("that was committed although the answer was lost is found by the ids of its events", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const { loseAnswers, stream } = makeDeafStreams(url)
      const process = yield* startProcess({ client: { stream, maxConnections: 2 }, store: { listen: false } })
      const database = yield* busyDatabase
      const [a, b] = freshIds(2) as [string, string]
      const fiber = yield* Effect.forkChild(process.run(appendBoth(a, b, 1, AppendCondition.noStream)))
      yield* untilBlocked(process)
      loseAnswers()
      yield* database.commit
      const placed = yield* Fiber.join(fiber)
      assert.deepStrictEqual(placed.map(({ repeated, version }) => [repeated, version]), [[false, 1], [false, 1]])
      assert.strictEqual(placed[1].position, placed[0].position + 1)
      for (const id of [a, b]) assert.deepStrictEqual(yield* centsOf(id), [1])
    }))

  it.effect("shares a client of one connection with appends, repetitions, transactions and readers", () =>
    Effect.gen(function*() {
      const { run } = yield* startProcess({ client: { maxConnections: 1 }, store: { listen: false } })
      const [a, b, c, d] = freshIds(4) as [string, string, string, string]
      const eventIds = freshIds(1)
      const repeated = EventStore.append(account, c, [credited(1)], { condition: AppendCondition.noStream, eventIds })
      const inTransaction = SqlClient.SqlClient.use((sql) =>
        sql.withTransaction(Effect.andThen(append(d, 1), appendBoth(a, b, 1)))
      )
      const appends: ReadonlyArray<Effect.Effect<unknown, unknown, EventStore.EventStore | SqlClient.SqlClient>> = [
        append(a, 1),
        appendBoth(a, b, 1),
        repeated,
        inTransaction,
        centsOf(a)
      ]
      yield* run(Effect.all(Array.from({ length: 6 }, () => appends).flat(), { concurrency: "unbounded" }))
      const counts = yield* Effect.forEach([a, b, c, d], (id) => Effect.map(centsOf(id), (all) => all.length))
      assert.deepStrictEqual(counts, [18, 12, 1, 6])
    }))
})
