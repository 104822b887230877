import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as AppendCondition from "refold/AppendCondition"
import { Conflict } from "refold/Conflict"
import { EventStore } from "refold/EventStore"
import { openTransaction, startProcess, store, untilBlocked } from "./fixtures/database.ts"
import { changeName, close, create, followUp, freshId, makeLead } from "./fixtures/domain.ts"

const lead = makeLead()
type Command = Parameters<typeof lead.execute>[1]

/** A lead at version 1 that another process wants to change while `theirs` is appended and not yet committed. */
const meet = Effect.fnUntraced(function*(theirs: Command, mine: Command) {
  const id = freshId()
  yield* lead.execute(id, create)
  const transaction = yield* openTransaction
  yield* transaction.run(lead.execute(id, theirs, { metadata: { actor: "bob" } }))
  const other = yield* startProcess()
  const fiber = yield* Effect.forkChild(other.run(other.lead.execute(id, mine)))
  yield* untilBlocked(other)
  return { id, transaction, fiber, versionNow: Effect.map(other.run(other.lead.load(id)), (loaded) => loaded.version) }
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })(
  "a command that meets an append which is not committed yet",
  (it) => {
    it.effect("waits to see how that ends", () =>
      Effect.gen(function*() {
        const { fiber, transaction, versionNow } = yield* meet(close, followUp)
        assert.isUndefined(fiber.pollUnsafe())
        assert.strictEqual(yield* versionNow, 1)
        yield* transaction.rollback
        yield* Fiber.join(fiber)
      }))

    it.effect("conflicts with it once it is committed, and is told its event", () =>
      Effect.gen(function*() {
        const { fiber, id, transaction } = yield* meet(close, followUp)
        yield* transaction.commit
        const conflict = yield* Effect.flip(Fiber.join(fiber))
        assert.instanceOf(conflict, Conflict)
        assert.deepStrictEqual([conflict.expected, conflict.actual], [1, 2])
        assert.deepStrictEqual(
          conflict.theirs.map(({ event, metadata, version }) => [version, event, metadata.actor]),
          [[2, { _tag: "StatusChanged", status: "Closed" }, "bob"]]
        )
        assert.deepStrictEqual(conflict.pairs.map(({ mine }) => mine), [{ _tag: "FollowupSet", on: followUp.on }])
        assert.strictEqual((yield* lead.load(id)).version, 2)
      }))

    it.effect("lands as if nothing had been once it is rolled back", () =>
      Effect.gen(function*() {
        const { fiber, id, transaction } = yield* meet(close, followUp)
        yield* transaction.rollback
        const appended = yield* Fiber.join(fiber)
        assert.deepStrictEqual([appended.version, appended.missed], [2, []])
        assert.deepStrictEqual((yield* lead.load(id)).state, { exists: true, name: "Ann", status: "", on: followUp.on })
      }))

    it.effect("lands right after it if the two commute, knowing what it missed", () =>
      Effect.gen(function*() {
        const { fiber, id, transaction } = yield* meet(changeName("Bea"), close)
        yield* transaction.commit
        const appended = yield* Fiber.join(fiber)
        assert.strictEqual(appended.version, 3)
        assert.deepStrictEqual(
          appended.missed.map(({ event, metadata, version }) => [version, event, metadata.actor]),
          [[2, { _tag: "NameChanged", name: "Bea" }, "bob"]]
        )
        assert.deepStrictEqual((yield* lead.load(id)).state, { exists: true, name: "Bea", status: "Closed", on: "" })
      }))

    it.effect("leaves nothing behind when it is interrupted while it waits", () =>
      Effect.gen(function*() {
        const { fiber, id, transaction } = yield* meet(changeName("Bea"), close)
        yield* Fiber.interrupt(fiber)
        yield* transaction.commit
        assert.strictEqual((yield* lead.load(id)).version, 2)
        assert.strictEqual((yield* lead.execute(id, close)).version, 3)
      }))
  }
)

/** A stream that another process wants to create while it has been created and not yet committed. */
const createTwice = Effect.gen(function*() {
  const id = freshId()
  const transaction = yield* openTransaction
  yield* transaction.run(lead.execute(id, create))
  const other = yield* startProcess()
  const fiber = yield* other.run(Effect.gen(function*() {
    const store = yield* EventStore
    return yield* store.append(other.lead, id, [{ _tag: "LeadCreated", name: "Bea" }], {
      condition: AppendCondition.noStream
    })
  })).pipe(Effect.forkChild)
  yield* untilBlocked(other)
  return { id, transaction, fiber }
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })(
  "a creation that meets one which is not committed yet",
  (it) => {
    it.effect("is refused once that one is committed, and is told its event", () =>
      Effect.gen(function*() {
        const { fiber, id, transaction } = yield* createTwice
        yield* transaction.commit
        const error = yield* Effect.flip(Fiber.join(fiber))
        assert.instanceOf(error, AppendCondition.AppendConditionFailed)
        assert.strictEqual(error.actual, 1)
        assert.deepStrictEqual<unknown>(error.missed.map(({ event }) => event), [{ _tag: "LeadCreated", name: "Ann" }])
        assert.strictEqual((yield* lead.load(id)).state.name, "Ann")
      }))

    it.effect("creates the stream once that one is rolled back", () =>
      Effect.gen(function*() {
        const { fiber, id, transaction } = yield* createTwice
        yield* transaction.rollback
        const appended = yield* Fiber.join(fiber)
        assert.deepStrictEqual([appended.version, appended.missed], [1, []])
        assert.strictEqual((yield* lead.load(id)).state.name, "Bea")
      }))

    it.effect("is a conflict when it was a command that created it", () =>
      Effect.gen(function*() {
        const id = freshId()
        const transaction = yield* openTransaction
        yield* transaction.run(lead.execute(id, create))
        const other = yield* startProcess()
        const fiber = yield* Effect.forkChild(other.run(other.lead.execute(id, create)))
        yield* untilBlocked(other)
        yield* transaction.commit
        const conflict = yield* Effect.flip(Fiber.join(fiber))
        assert.instanceOf(conflict, Conflict)
        assert.deepStrictEqual([conflict.expected, conflict.actual, conflict.theirs.length], [0, 1, 1])
      }))
  }
)
