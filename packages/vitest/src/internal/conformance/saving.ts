import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import { EventStore } from "refold/EventStore"
import { EventStoreError, StoreFailure } from "refold/EventStoreError"
import { freshId, heldAtAppend, type It } from "./fixtures.ts"
import { add, count, makeTally, observed } from "./tally.ts"

const Tally = makeTally({ every: 10, version: 1 })

export const saving = (it: It) => {
  it.effect("the command that carries a stream across a multiple of n saves its state, however many events it adds", () =>
    Effect.gen(function*() {
      const id = freshId()
      const { saved } = yield* observed(
        Effect.forEach([9, 3, 7, 1, 25], (events) => Tally.execute(id, add(...count(events))))
      )
      assert.deepStrictEqual(saved, [12, 20, 45])
    }))

  it.effect("an aggregate without snapshots asks the store for none and saves none", () =>
    Effect.gen(function*() {
      const id = freshId()
      const plain = makeTally()
      const written = yield* observed(plain.execute(id, add(...count(30))))
      const read = yield* observed(plain.load(id))
      assert.deepStrictEqual([written.asked, written.saved, read.asked, read.events], [0, [], 0, 30])
    }))

  it.effect("a snapshot contains the events that its writer had missed", () =>
    Effect.gen(function*() {
      const id = freshId()
      yield* Tally.execute(id, add(...count(8)))
      const slow = yield* heldAtAppend(observed(Tally.execute(id, add(100, 101))))
      yield* makeTally().execute(id, add(9))
      yield* slow.pass
      const { result, saved } = yield* Fiber.join(slow.fiber)
      assert.deepStrictEqual([result.missed.length, saved], [1, [11]])
      const { events, result: { state } } = yield* observed(Tally.load(id))
      assert.deepStrictEqual([state.numbers, events], [[...count(9), 100, 101], 0])
    }))

  it.effect("events of others that cross a multiple of n are not jumped over", () =>
    Effect.gen(function*() {
      const id = freshId()
      yield* Tally.execute(id, add(...count(9)))
      yield* makeTally().execute(id, add(10, 11))
      const { saved } = yield* observed(Tally.execute(id, add(12)))
      assert.deepStrictEqual(saved, [12])
      yield* Tally.execute(id, add(13))
      yield* makeTally().execute(id, add(...count(10)))
      assert.deepStrictEqual((yield* observed(Tally.execute(id, add(24)))).saved, [24])
    }))

  it.effect("commands that are appended together save one state, that after all of them", () =>
    Effect.gen(function*() {
      const id = freshId()
      const { result, saved } = yield* observed(
        Effect.forEach(count(35), (number) => Tally.execute(id, add(number)), { concurrency: "unbounded" })
      )
      assert.deepStrictEqual(result.map(({ version }) => version), count(35))
      assert.isAtLeast(saved.length, 1)
      assert.isAtMost(saved.length, 3)
      assert.strictEqual(new Set(saved.map((version) => Math.floor(version / 10))).size, saved.length)
      const last = Math.max(...saved)
      const { events, result: { state } } = yield* observed(Tally.load(id))
      assert.deepStrictEqual([state.numbers, events], [count(35), 35 - last])
    }))

  for (
    const [what, saveSnapshot] of Object.entries({
      "fails to save": Effect.fail(new EventStoreError({ reason: new StoreFailure({ message: "full", cause: null }) })),
      "dies of saving": Effect.die(new Error("full")),
      "does not answer": Effect.never
    })
  ) {
    it.effect(`a store that ${what} a snapshot fails no command, and says so in the log`, () =>
      Effect.gen(function*() {
        const store = yield* EventStore
        const id = freshId()
        const warnings: Array<string> = []
        const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
          warnings.push(`${logLevel}: ${Array.isArray(message) ? message[0] : message}`)
        })
        const { version } = yield* Tally.execute(id, add(...count(10))).pipe(
          Effect.provideService(EventStore, { ...store, saveSnapshot: () => saveSnapshot }),
          Effect.provide(Logger.layer([logger]))
        )
        assert.strictEqual(version, 10)
        assert.deepStrictEqual(warnings, [`Warn: Tally-${id}: no snapshot was saved at version 10`])
        assert.strictEqual((yield* observed(Tally.load(id))).events, 10)
      }))
  }

  it.effect("a command that is interrupted while it saves ends at once, and keeps nobody from their turn", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      const saving = yield* Deferred.make<void>()
      const warnings: Array<unknown> = []
      const logger = Logger.make<unknown, void>(({ message }) => {
        warnings.push(message)
      })
      const slow: EventStore["Service"] = {
        ...store,
        saveSnapshot: () => Effect.andThen(Deferred.succeed(saving, undefined), Effect.never)
      }
      const first = yield* Tally.execute(id, add(...count(10))).pipe(
        Effect.provideService(EventStore, slow),
        Effect.provide(Logger.layer([logger])),
        Effect.forkChild
      )
      yield* Deferred.await(saving)
      const second = yield* Effect.provideService(Tally.execute(id, add(11)), EventStore, slow)
      assert.strictEqual(second.version, 11)
      yield* Fiber.interrupt(first)
      const exit = yield* Fiber.await(first)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
      assert.deepStrictEqual(warnings, [])
    }))
}
