/** What a user's tests find in memory, under a clock that stands still until they move it. */
import { assert, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { EventStore, MemoryEventStore, Projection, Projections } from "refold"
import { credited, makeAccount } from "../postgres/fixtures/domain.ts"

const account = makeAccount("Account")
const other = makeAccount("Other")

const recording = (fails: (cents: number) => boolean = () => false) => {
  const cents: Array<number> = []
  const projection = Projection.make("recording", {
    version: 1,
    from: [account],
    handle: Effect.fnUntraced(function*(events) {
      if (events.some(({ event }) => fails(event.cents))) return yield* Effect.fail("not yet")
      cents.push(...events.map(({ event }) => event.cents))
    })
  })
  return { cents, projection }
}

const append = (source: typeof account, ...cents: ReadonlyArray<number>) =>
  EventStore.append(source, "1", cents.map(credited))

it.effect("a projection catches up without any time", () =>
  Effect.gen(function*() {
    const { cents, projection } = recording()
    yield* append(account, 1, 2)
    yield* append(other, 3)
    assert.strictEqual(yield* Projection.catchUp(projection, { partitions: 3 }), 3)
    assert.deepStrictEqual(cents, [1, 2])
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("a projection that runs handles what is appended, and whoever waits for it is told", () =>
  Effect.gen(function*() {
    const { cents, projection } = recording()
    yield* Layer.build(Projection.layer(projection, { partitions: 2 }))
    for (let n = 1; n <= 3; n++) {
      yield* append(account, n)
      for (const foreign of [1, 2, 3]) yield* append(other, foreign)
      assert.strictEqual(yield* Projection.whenCaughtUp(projection), 4 * n)
    }
    assert.deepStrictEqual(cents, [1, 2, 3])
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("an event that fails is tried again when the clock is moved to where the schedule says", () =>
  Effect.gen(function*() {
    let isHealthy = false
    let tries = 0
    const { cents, projection } = recording(() => {
      tries++
      return !isHealthy
    })
    yield* append(account, 1)
    const retry = Schedule.spaced("1 minute")
    yield* Layer.build(Projection.layer(projection, { retry }))
    const waiting = yield* Effect.forkChild(Projection.whenCaughtUp(projection))
    yield* TestClock.adjust(Duration.minutes(3))
    assert.isAtLeast(tries, 3)
    isHealthy = true
    yield* TestClock.adjust(Duration.minutes(1))
    yield* Fiber.join(waiting)
    assert.deepStrictEqual(cents, [1])
  }).pipe(
    Effect.provide(MemoryEventStore.layer),
    Effect.provideService(References.MinimumLogLevel, "None")
  ))

it.effect("a worker keeps its partitions while hours pass", () =>
  Effect.gen(function*() {
    const { cents, projection } = recording()
    yield* Layer.build(Projection.layer(projection, { partitions: 2, worker: "patient" }))
    yield* append(account, 1)
    yield* Projection.whenCaughtUp(projection)
    yield* TestClock.adjust(Duration.hours(3))
    const [status] = yield* Projections.list()
    assert.isTrue(status?.partitions.every(({ owner }) => owner?.startsWith("patient-")))
    yield* append(account, 2)
    yield* Projection.whenCaughtUp(projection)
    assert.deepStrictEqual(cents, [1, 2])
  }).pipe(Effect.provide(MemoryEventStore.layer)))
