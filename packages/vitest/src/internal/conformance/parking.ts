import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as EventStore from "refold/EventStore"
import * as Projection from "refold/Projection"
import * as Projections from "refold/Projections"
import { closed, credited, type It, makeLead } from "./fixtures.ts"
import { type Account, quietly, recording, runs, until } from "./projections.ts"

const append = (account: Account, id: string, ...cents: ReadonlyArray<number>) =>
  EventStore.append(account, id, cents.map(credited))

/** Fails at these amounts. */
const failingAt = (poisonous: Set<number>) => {
  const calls: Array<ReadonlyArray<number>> = []
  return {
    calls,
    poisonous,
    ...recording((events) => {
      const cents = events.map(({ event }) => event.cents)
      calls.push(cents)
      const poison = cents.find((amount) => poisonous.has(amount))
      return poison === undefined ? Effect.void : Effect.fail(new Error(`${poison} is poison`))
    })
  }
}

/** What is set aside: version, position in the stream's events, and why. */
const aside = (projection: Parameters<typeof Projections.parked>[0]) =>
  Effect.map(
    Projections.parked(projection),
    (parked) =>
      parked.map(({ error, eventVersion, isSkipped, stream, type }) =>
        `${type} ${stream.id}:${eventVersion}${isSkipped ? " skipped" : ""}${error === "" ? "" : `: ${error}`}`
      )
  )

const statusOf = ({ name }: { readonly name: string }) =>
  Effect.map(Projections.list(name), ([projection]) => projection!)

export const parking = (it: It) => {
  it.effect("a projection that is to stop stops at the event that fails, says so, and goes on when it is resumed", () =>
    Effect.gen(function*() {
      const { account, cents, poisonous, projection } = failingAt(new Set([3]))
      yield* append(account, "a", 1, 2, 3)
      const { position } = (yield* append(account, "b", 4)).events[0]!
      yield* quietly(runs(projection))
      const halted = yield* Effect.flip(Projection.whenCaughtUp(projection))
      const why = `position ${position - 1}: 3 is poison`
      assert.strictEqual(halted.message, `${projection.name} v1 is stopped and goes no further: ${why}`)
      const status = yield* statusOf(projection)
      assert.deepStrictEqual([status.status, status.position, status.partitions[0]?.error], [
        "stopped",
        position - 2,
        why
      ])
      assert.deepStrictEqual(cents, [1, 2])
      poisonous.clear()
      yield* Projections.resume(projection)
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(cents, [1, 2, 3, 4])
      assert.strictEqual((yield* statusOf(projection)).partitions[0]?.error, undefined)
    }))

  it.effect("an event that fails is tried again as the schedule says before it is given up", () =>
    Effect.gen(function*() {
      const { account, calls, cents, projection } = failingAt(new Set([2]))
      yield* append(account, "a", 1, 2)
      yield* quietly(runs(projection, { onFailure: "skip", retry: Schedule.recurs(3) }))
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(calls, [[1, 2], [1], [2], [2], [2], [2]])
      assert.deepStrictEqual(cents, [1])
    }))

  it.effect("one that is to skip leaves out the event that fails and nothing else, and keeps it with the error", () =>
    Effect.gen(function*() {
      const { account, cents, projection } = failingAt(new Set([2, 5]))
      yield* append(account, "a", 1, 2, 3)
      yield* append(account, "b", 4, 5)
      yield* quietly(runs(projection, { onFailure: "skip" }))
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(cents, [1, 3, 4])
      assert.deepStrictEqual(yield* aside(projection), [
        "Credited a:2 skipped: 2 is poison",
        "Credited b:2 skipped: 5 is poison"
      ])
      yield* Projections.retryParked(projection)
      assert.isTrue((yield* Projections.parked(projection)).every(({ isSkipped }) => isSkipped))
      assert.strictEqual((yield* statusOf(projection)).parked, 2)
    }))

  it.effect("an event in the middle of a thousand that fails is found in few steps", () =>
    Effect.gen(function*() {
      const { account, calls, cents, projection } = failingAt(new Set([617]))
      yield* append(account, "a", ...Array.from({ length: 1000 }, (_, index) => index + 1))
      yield* quietly(runs(projection, { onFailure: "skip" }))
      yield* Projection.whenCaughtUp(projection)
      assert.strictEqual(cents.length, 999)
      assert.isAtMost(calls.length, 1 + 2 * Math.ceil(Math.log2(1000)))
    }))

  it.effect("one that is to park holds later events of the same stream back, those of others go on", () =>
    Effect.gen(function*() {
      const { account, cents, projection } = failingAt(new Set([2]))
      yield* append(account, "a", 1, 2, 3)
      yield* append(account, "b", 4)
      yield* quietly(runs(projection, { onFailure: "park" }))
      yield* Projection.whenCaughtUp(projection)
      yield* append(account, "a", 5)
      yield* append(account, "b", 6)
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(cents, [1, 4, 6])
      assert.deepStrictEqual(yield* aside(projection), ["Credited a:2: 2 is poison", "Credited a:3", "Credited a:4"])
    }))

  it.effect("what is parked stays so for another worker, until it is retried; then it is handled in order", () =>
    Effect.gen(function*() {
      const { account, cents, poisonous, projection } = failingAt(new Set([1]))
      const first = yield* quietly(runs(projection, { onFailure: "park" }))
      yield* append(account, "a", 1, 2)
      yield* Projection.whenCaughtUp(projection)
      yield* Fiber.interrupt(first)
      poisonous.clear()
      yield* runs(projection, { onFailure: "park" })
      yield* append(account, "a", 3)
      yield* append(account, "b", 4)
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(cents, [4])
      const [parked] = yield* Projections.parked(projection)
      yield* Projections.retryParked(projection, parked!.stream)
      yield* until("nothing is parked", Effect.map(aside(projection), ({ length }) => length === 0))
      assert.deepStrictEqual(cents, [4, 1, 2, 3])
      yield* append(account, "a", 5)
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(cents, [4, 1, 2, 3, 5])
    }))

  it.effect("what fails again when it is retried stays parked, with what comes after it", () =>
    Effect.gen(function*() {
      const { account, calls, cents, poisonous, projection } = failingAt(new Set([1, 3]))
      yield* append(account, "a", 1, 2, 3, 4)
      yield* append(account, "b", 5)
      yield* quietly(runs(projection, { onFailure: "park" }))
      yield* Projection.whenCaughtUp(projection)
      poisonous.delete(1)
      yield* Projections.retryParked(projection)
      yield* until(
        "it has failed again",
        Effect.map(aside(projection), (parked) => parked.join() === "Credited a:3: 3 is poison,Credited a:4")
      )
      assert.deepStrictEqual(cents, [5, 1, 2])
      const tries = calls.length
      yield* append(account, "a", 6)
      yield* append(account, "b", 7)
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(cents, [5, 1, 2, 7])
      assert.strictEqual(calls.length, tries + 1, "nobody has wished for more")
      poisonous.clear()
      yield* Projections.retryParked(projection)
      yield* until("nothing is parked", Effect.map(aside(projection), ({ length }) => length === 0))
      assert.deepStrictEqual(cents, [5, 1, 2, 7, 3, 4, 6])
    }))

  it.effect("a parked event can be given up; the rest of its stream goes on when it is retried", () =>
    Effect.gen(function*() {
      const { account, cents, projection } = failingAt(new Set([1]))
      yield* append(account, "a", 1, 2)
      yield* quietly(runs(projection, { onFailure: "park" }))
      yield* Projection.whenCaughtUp(projection)
      const [first] = yield* Projections.parked(projection)
      yield* Projections.dropParked(projection, [first!.position])
      yield* append(account, "a", 3)
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(yield* aside(projection), ["Credited a:2", "Credited a:3"])
      yield* Projections.retryParked(projection)
      yield* until("nothing is parked", Effect.map(aside(projection), ({ length }) => length === 0))
      assert.deepStrictEqual(cents, [2, 3])
    }))

  it.effect("a stream of which everything parked was given up waits no longer", () =>
    Effect.gen(function*() {
      const { account, cents, projection } = failingAt(new Set([1]))
      yield* append(account, "a", 1, 2)
      yield* quietly(runs(projection, { onFailure: "park" }))
      yield* Projection.whenCaughtUp(projection)
      const parked = yield* Projections.parked(projection)
      yield* Projections.dropParked(projection, parked.map(({ position }) => position))
      yield* append(account, "a", 3)
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(cents, [3])
      assert.deepStrictEqual(yield* aside(projection), [])
    }))

  it.effect("an event that cannot be read is dealt with like one that fails, and never given to the handler", () =>
    Effect.gen(function*() {
      const policies = ["stop", "skip", "park"] as const
      const seen = yield* Effect.forEach(policies, (onFailure) =>
        Effect.gen(function*() {
          const { account, cents, projection } = recording()
          yield* append(account, "a", 1)
          yield* EventStore.append(makeLead(account.category), "a", [closed])
          yield* append(account, "a", 2)
          yield* append(account, "b", 3)
          yield* quietly(runs(projection, { onFailure }))
          yield* Effect.result(Projection.whenCaughtUp(projection))
          const { status } = yield* statusOf(projection)
          const parked = yield* Projections.parked(projection)
          if (onFailure === "park") {
            yield* Projections.retryParked(projection)
            yield* append(account, "b", 4)
            yield* Projection.whenCaughtUp(projection)
          }
          return [status, cents.join(" "), ...parked.map(({ error, type }) => `${type} ${error !== ""}`)]
        }), { concurrency: "unbounded" })
      assert.deepStrictEqual(seen, [
        ["stopped", "1"],
        ["running", "1 2 3", "StatusChanged true"],
        ["running", "1 3 4", "StatusChanged true", "Credited false"]
      ])
    }))

  it.effect("streams whose names only look alike do not wait for one another", () =>
    Effect.gen(function*() {
      const { account, cents, projection } = failingAt(new Set([1]))
      const other = { ...account, category: `${account.category}-b` }
      yield* append(account, "b-c", 1)
      yield* EventStore.append(other, "c", [credited(2)])
      yield* quietly(runs({ ...projection, from: [account, other] }, { onFailure: "park" }))
      yield* Projection.whenCaughtUp(projection)
      assert.deepStrictEqual(cents, [2])
    }))
}
