import { assert } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import { EventStore } from "refold/EventStore"
import { LockExpired, LockTimeout } from "refold/Lock"
import * as StreamId from "refold/StreamId"
import { Account, changeName, close, conflictOf, createLead, freshId, heldAtAppend, type It, Lead } from "./fixtures.ts"

/** Takes the lock and keeps it until told to `end`. */
const holder = Effect.fnUntraced(function*(id: string) {
  const inside = yield* Deferred.make<void>()
  const gate = yield* Deferred.make<void>()
  const fiber = yield* Effect.forkChild(
    Lead.withLock(id, Effect.andThen(Deferred.succeed(inside, undefined), Deferred.await(gate)))
  )
  yield* Deferred.await(inside)
  return { fiber, end: Effect.andThen(Deferred.succeed(gate, undefined), Fiber.await(fiber)) }
})

/** That the lock is free: whoever wants it now gets it. */
const assertFree = (id: string) => Lead.withLock(id, Effect.void, { wait: 0 })

export const locking = (it: It) => {
  it.effect("of those who take the lock of an instance no two are inside at once", () =>
    Effect.gen(function*() {
      const id = freshId()
      let inside = 0
      const visit = Effect.gen(function*() {
        assert.strictEqual(++inside, 1)
        const { state } = yield* Account.load(id)
        yield* Account.execute(id, { _tag: "Credit", cents: state + 1 }, { strict: (yield* Account.load(id)).version })
        assert.strictEqual(inside--, 1)
      })
      yield* Effect.forEach(Array.from({ length: 10 }), () => Account.withLock(id, visit), { concurrency: "unbounded" })
      assert.deepStrictEqual((yield* Account.load(id)).state, 1023)
    }))

  it.effect("those who wait in one process get the lock in the order in which they came, as soon as it is free", () =>
    Effect.gen(function*() {
      const id = freshId()
      const first = yield* holder(id)
      const order: Array<number> = []
      const waiting = yield* Effect.forEach(
        Array.from({ length: 10 }, (_, index) => index),
        (index) => Effect.forkChild(Lead.withLock(id, Effect.sync(() => order.push(index))), { startImmediately: true })
      )
      yield* Fiber.interrupt(waiting[3]!)
      yield* first.end
      yield* Effect.forEach(waiting, (fiber) => Fiber.await(fiber))
      assert.deepStrictEqual(order, [0, 1, 2, 4, 5, 6, 7, 8, 9])
    }))

  it.effect("whoever has waited long enough is told whose lock it was and how long, and has done nothing", () =>
    Effect.gen(function*() {
      const id = freshId()
      const first = yield* holder(id)
      let ran = false
      const visit = Effect.sync(() => {
        ran = true
      })
      for (const wait of [0, 50]) {
        const error = yield* Effect.flip(Lead.withLock(id, visit, { wait }))
        assert.instanceOf(error, LockTimeout)
        assert.deepStrictEqual([error.stream.category, error.stream.id], ["Lead", id])
        assert.strictEqual(Duration.toMillis(error.waited), wait)
        assert.include(error.message, `Lead-${id}: locked by somebody else, waited ${wait}`)
      }
      assert.isFalse(ran)
      yield* first.end
      yield* assertFree(id)
    }))

  it.effect("the lock is free again however the effect ended", () =>
    Effect.gen(function*() {
      const id = freshId()
      assert.strictEqual(yield* Lead.withLock(id, Effect.succeed(7)), 7)
      yield* assertFree(id)
      assert.strictEqual(yield* Effect.flip(Lead.withLock(id, Effect.fail("no" as const))), "no")
      yield* assertFree(id)
      assert.isTrue(Exit.hasDies(yield* Effect.exit(Lead.withLock(id, Effect.die("broken")))))
      yield* assertFree(id)
      const { fiber } = yield* holder(id)
      yield* Fiber.interrupt(fiber)
      yield* assertFree(id)
    }))

  it.effect("who is interrupted while waiting leaves nothing behind", () =>
    Effect.gen(function*() {
      const id = freshId()
      const first = yield* holder(id)
      const waiting = yield* Effect.forkChild(Lead.withLock(id, Effect.void), { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      yield* first.end
      yield* assertFree(id)
    }))

  it.effect("who takes longer than it said is interrupted, cleans up, and fails; then it is the next one's turn", () =>
    Effect.gen(function*() {
      const id = freshId()
      const story: Array<string> = []
      const tell = (line: string) => Effect.sync(() => story.push(line))
      const [slow] = yield* Effect.all([
        Effect.flip(Lead.withLock(id, Effect.onInterrupt(Effect.never, () => tell("interrupted")), { hold: 150 })),
        Lead.withLock(id, tell("next"))
      ], { concurrency: "unbounded" })
      assert.instanceOf(slow, LockExpired)
      assert.strictEqual(Duration.toMillis(slow.held), 150)
      assert.include(slow.message, `Lead-${id}: interrupted after holding the lock for 150ms`)
      assert.deepStrictEqual(story, ["interrupted", "next"])
    }))

  it.effect("the lock of an instance can be taken again inside, and is held until the outer one is given back", () =>
    Effect.gen(function*() {
      const id = freshId()
      const inner = Lead.withLock(id, Effect.succeed("inside"), { wait: 0 })
      const nested = Effect.gen(function*() {
        assert.strictEqual(yield* inner, "inside")
        const child = yield* Effect.forkChild(inner)
        assert.strictEqual(yield* Fiber.join(child), "inside")
      })
      yield* Lead.withLock(id, nested)
      yield* assertFree(id)
    }))

  it.effect("a fiber that outlives the effect that forked it has the lock no longer", () =>
    Effect.gen(function*() {
      const id = freshId()
      const [leave, entered, retry, end] = [
        yield* Deferred.make<void>(),
        yield* Deferred.make<void>(),
        yield* Deferred.make<void>(),
        yield* Deferred.make<void>()
      ]
      const again = Effect.andThen(Deferred.await(retry), Effect.flip(Lead.withLock(id, Effect.void, { wait: 0 })))
      const first = yield* Effect.forkChild(
        Lead.withLock(id, Effect.tap(Effect.forkDetach(again), () => Deferred.await(leave))),
        { startImmediately: true }
      )
      // in line behind the first, so that the lock is handed on
      const second = yield* Effect.forkChild(
        Lead.withLock(id, Effect.andThen(Deferred.succeed(entered, undefined), Deferred.await(end))),
        { startImmediately: true }
      )
      yield* Deferred.succeed(leave, undefined)
      const survivor = yield* Fiber.join(first)
      yield* Deferred.await(entered)
      yield* Deferred.succeed(retry, undefined)
      assert.instanceOf(yield* Fiber.join(survivor), LockTimeout)
      yield* Deferred.succeed(end, undefined)
      yield* Fiber.join(second)
    }))

  it.effect("other instances, aggregates and tenants have locks of their own", () =>
    Effect.gen(function*() {
      const id = freshId()
      const first = yield* holder(id)
      yield* assertFree(freshId())
      yield* Account.withLock(id, Effect.void, { wait: 0 })
      yield* Effect.provideService(assertFree(id), StreamId.Tenant, "other")
      yield* first.end
    }))

  it.effect("those who do not ask are not stopped, and the conflict table judges what was executed inside", () =>
    Effect.gen(function*() {
      const id = yield* createLead
      const ending = yield* Lead.withLock(
        id,
        Effect.gen(function*() {
          const { version } = yield* Lead.load(id)
          const outside = yield* Effect.forkChild(Lead.execute(id, close))
          yield* Fiber.join(outside)
          assert.strictEqual((yield* Lead.execute(id, changeName("Bea"), { seen: version })).version, 3)
          return yield* Effect.result(Lead.execute(id, { _tag: "SetFollowup", on: "Monday" }, { seen: version }))
        })
      )
      assert.strictEqual(conflictOf(ending).pairs[0]?.theirs.version, 2)
    }))

  it.effect("an append that comes when the time is up does no harm to those who have the lock by then", () =>
    Effect.gen(function*() {
      const id = yield* createLead
      const { version } = yield* Lead.load(id)
      const late = yield* heldAtAppend(Lead.execute(id, close))
      const expired = yield* Effect.flip(Lead.withLock(id, Fiber.join(late.fiber), { hold: 100 }))
      assert.instanceOf(expired, LockExpired)
      yield* Lead.withLock(id, Lead.execute(id, { _tag: "SetFollowup", on: "Monday" }, { seen: version }))
      yield* late.pass
      conflictOf(yield* Effect.result(Fiber.join(late.fiber)))
    }))

  it.effect("a lease that has come to its end when the store answers is not made use of", () =>
    Effect.gen(function*() {
      const id = freshId()
      const clock = yield* Clock.Clock
      let now = clock.currentTimeMillisUnsafe()
      const racing: Clock.Clock = Object.create(clock, {
        currentTimeMillis: { value: Effect.sync(() => now += 20_000) }
      })
      let ran = false
      const visit = Effect.sync(() => {
        ran = true
      })
      const error = yield* Effect.flip(
        Effect.provideService(Lead.withLock(id, visit, { hold: 5000 }), Clock.Clock, racing)
      )
      assert.instanceOf(error, LockExpired)
      assert.isFalse(ran)
      yield* assertFree(id)
    }))

  it.effect("a hold without end is refused, and so is an id that no engine can store", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      for (const hold of [Duration.infinity, 0]) {
        assert.isTrue(Exit.hasDies(yield* Effect.exit(store.withLock(Lead, freshId(), Effect.void, { hold }))))
      }
      const result = yield* Effect.result(Lead.withLock("", Effect.void))
      assert.isTrue(Result.isFailure(result) && result.failure._tag === "EventStoreError")
    }))
}
