import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import { appendTo, EventStore } from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import { Account, closed, freshId, type It, Lead, renamed } from "./fixtures.ts"

const failure = <A, E>(result: Result.Result<A, E>): E => {
  assert.isTrue(Result.isFailure(result), "expected a failure")
  return Result.isFailure(result) ? result.failure : assert.fail()
}

export const appending = (it: It) => {
  it.effect("versions count from 1 in a stream, and positions agree with them", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      const first = yield* store.append(Lead, id, [renamed("Ann"), renamed("Bea")])
      const second = yield* store.append(Lead, id, [closed])
      const events = [...first.events, ...second.events]
      assert.deepStrictEqual(events.map((event) => event.version), [1, 2, 3])
      assert.strictEqual(second.version, 3)
      assert.strictEqual(second.position, events[2]!.position)
      assert.isBelow(events[0]!.position, events[1]!.position)
      assert.isBelow(events[1]!.position, events[2]!.position)
      assert.deepStrictEqual(yield* Stream.runCollect(store.read(Lead, id)), events)
    }))

  it.effect("metadata given to an append is stored over what the fiber carries", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      const metadata = { actor: "ann", correlationId: "c-1", custom: { reason: ["called", 2, null] } }
      yield* store.append(Lead, id, [renamed("Ann")], { metadata })
      const [event] = yield* Stream.runCollect(store.read(Lead, id))
      const { actor, correlationId, custom } = event!.metadata
      assert.deepStrictEqual({ actor, correlationId, custom }, metadata)
    }))

  it.effect("of two concurrent creations exactly one wins", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      const create = (name: string) =>
        Effect.result(store.append(Lead, id, [renamed(name)], { condition: AppendCondition.noStream }))
      const results = yield* Effect.all(["Ann", "Bea", "Cy", "Dee"].map(create), { concurrency: "unbounded" })
      assert.strictEqual(results.filter(Result.isSuccess).length, 1)
      for (const lost of results.filter(Result.isFailure)) {
        assert.instanceOf(lost.failure, AppendCondition.AppendConditionFailed)
        assert.include(lost.failure.message, "expected no stream, but the stream is at version 1")
      }
      assert.strictEqual(yield* store.version(Lead, id), 1)
    }))

  it.effect("a stream that must exist and does not is at version 0", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const error = failure(
        yield* Effect.result(
          store.append(Lead, freshId(), [closed], { condition: AppendCondition.streamExists })
        )
      )
      assert.instanceOf(error, AppendCondition.AppendConditionFailed)
      assert.strictEqual(error.actual, 0)
    }))

  it.effect("a failed condition reports the true version and what was missed", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      yield* store.append(Lead, id, [renamed("Ann"), renamed("Bea"), renamed("Cy")])
      const tries = [AppendCondition.at(1), AppendCondition.at(7), AppendCondition.noStream]
      const errors = yield* Effect.forEach(tries, (condition) =>
        Effect.map(Effect.result(store.append(Lead, id, [closed], { condition })), failure))
      const seen = errors.map((error) =>
        error instanceof AppendCondition.AppendConditionFailed && [error.actual, error.missed.length]
      )
      assert.deepStrictEqual(seen, [[3, 2], [3, 0], [3, 3]])
      assert.strictEqual((yield* store.append(Lead, id, [closed], { condition: AppendCondition.at(3) })).version, 4)
      assert.strictEqual(
        (yield* store.append(Lead, id, [closed], { condition: AppendCondition.streamExists })).version,
        5
      )
    }))

  it.effect("only the named types may have been appended since a version", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      yield* store.append(Lead, id, [closed])
      yield* store.append(Lead, id, [renamed("Ann")])
      const since1 = yield* store.append(Lead, id, [renamed("Bea")], {
        condition: AppendCondition.onlySince(1, ["NameChanged"])
      })
      assert.deepStrictEqual([since1.version, since1.missed.map((event) => event.version)], [3, [2]])
      for (const [version, types] of [[0, ["NameChanged"]], [1, ["StatusChanged"]], [9, ["NameChanged"]]] as const) {
        const error = failure(
          yield* Effect.result(
            store.append(Lead, id, [renamed("Cy")], { condition: AppendCondition.onlySince(version, types) })
          )
        )
        assert.instanceOf(error, AppendCondition.AppendConditionFailed)
        assert.strictEqual(error.actual, 3)
      }
    }))

  it.effect("a condition on a version that is not a whole number is a fault of the program", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      const { any, at, onlySince } = AppendCondition
      for (const condition of [at(Number.NaN), at(0.5), onlySince(Number.NaN, []), { ...any, atMost: Number.NaN }]) {
        const appends: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
          store.append(Lead, id, [closed], { condition }),
          store.appendAll([appendTo(Lead, id, [closed], { condition })])
        ]
        for (const append of appends) {
          const exit = yield* Effect.exit(append)
          assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "must be a whole number, not ")
        }
      }
      assert.strictEqual(yield* store.version(Lead, id), 0)
    }))

  it.effect("an append without events only checks its condition", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      const checked = yield* store.append(Lead, id, [], { condition: AppendCondition.noStream })
      assert.deepStrictEqual([checked.version, checked.events], [0, []])
      assert.strictEqual(yield* store.version(Lead, id), 0)
      yield* store.append(Lead, id, [closed])
      const stale = yield* Effect.result(store.append(Lead, id, [], { condition: AppendCondition.noStream }))
      assert.instanceOf(failure(stale), AppendCondition.AppendConditionFailed)
      assert.strictEqual((yield* store.append(Lead, id, [], { condition: AppendCondition.at(1) })).version, 1)
    }))

  it.effect("an event that does not fit its schema is named, and none of the append is stored", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      const halves = [1, 1.5].map((cents) => ({ _tag: "Credited" as const, cents }))
      const error = failure(yield* Effect.result(store.append(Account, id, halves)))
      assert.instanceOf(error, EventStoreError)
      assert.strictEqual(error.reason._tag, "InvalidEvent")
      assert.include(error.message, "Credited cannot be stored: ")
      assert.include(error.message, `["cents"]`)
      assert.strictEqual(yield* store.version(Account, id), 0)
    }))

  it.effect("a field that the schema does not know is refused instead of lost", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      const misspelt = { ...renamed("Ann"), nmae: "Ann" }
      const error = failure(yield* Effect.result(store.append(Lead, id, [misspelt])))
      assert.instanceOf(error, EventStoreError)
      assert.strictEqual(error.reason._tag, "InvalidEvent")
      assert.include(error.message, "nmae")
      assert.strictEqual(yield* store.version(Lead, id), 0)
    }))

  it.effect("an event that is too large is refused with its size, and none of the append is stored", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      const error = failure(yield* Effect.result(store.append(Lead, id, [closed, renamed("x".repeat(16_000_000))])))
      assert.instanceOf(error, EventStoreError)
      assert.strictEqual(error.reason._tag, "InvalidEvent")
      assert.match(error.message, /its data is 16000011 bytes.*reference/s)
      assert.strictEqual(yield* store.version(Lead, id), 0)
    }))

  it.effect("a stream id that an engine could not store unchanged is refused with the reason", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const refused = { "": "empty", "a\0b": "NUL", "\ud800": "surrogate", ["x".repeat(513)]: "513 characters" }
      for (const [id, reason] of Object.entries(refused)) {
        const error = failure(yield* Effect.result(store.append(Lead, id, [closed])))
        assert.instanceOf(error, EventStoreError)
        assert.strictEqual(error.reason._tag, "InvalidStreamId")
        assert.include(error.message, reason)
      }
    }))

  it.effect("ids of any script and length are kept apart", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const run = freshId()
      const ids = [
        "é",
        "e\u0301",
        "É",
        "名前",
        "👩‍👩‍👧",
        " ",
        "a ",
        "a",
        "A",
        "'; --",
        "%",
        "x".repeat(400),
        "漢".repeat(400)
      ]
      for (const [index, id] of ids.entries()) yield* store.append(Lead, run + id, [renamed(String(index))])
      for (const [index, id] of ids.entries()) {
        const events = yield* Stream.runCollect(store.read(Lead, run + id))
        assert.deepStrictEqual(events.map(({ event, stream }) => [event, stream.id]), [[
          renamed(String(index)),
          run + id
        ]])
      }
    }))
}
