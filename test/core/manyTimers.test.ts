/** More timers than are looked after at a time, on a clock that can be turned. */
import { assert, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Aggregate from "refold/Aggregate"
import * as EventStore from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"
import * as Projection from "refold/Projection"
import * as Projections from "refold/Projections"
import { ProjectionStore } from "refold/ProjectionStore"
import * as Reactor from "refold/Reactor"

const Reminder = Aggregate.make("Reminder", {
  command: Schema.TaggedUnion({ Set: { at: Schema.Int } }),
  event: Schema.TaggedUnion({ Set: { at: Schema.Int } }),
  state: Schema.Null,
  initial: null,
  decide: (command) => [command],
  evolve: (state) => state,
  conflicts: "commutes"
})

const minute = 60_000
const day = 1440 * minute

/** Every reminder is due at its own instant, and says so. */
const makeReminders = () => {
  const rung: Array<string> = []
  const reactor = Reactor.make("reminders", {
    from: [Reminder],
    effects: { ring: Schema.String },
    state: Schema.Null,
    initial: null,
    key: ({ stream }) => stream.id,
    react: (_, { event }) => ({ out: [Reactor.timer("ring", DateTime.makeUnsafe(event.at))] }),
    due: (_, _timer, { at, key }) => ({
      out: [Reactor.effect("ring", `${key} ${DateTime.toEpochMillis(at) / minute}`)]
    })
  })
  const run = Effect.forkChild(Reactor.run(reactor, {
    lease: "1000 days",
    effects: { ring: (text) => Effect.sync(() => void rung.push(text)) }
  }))
  return { run, rung }
}

const set = (minutes: ReadonlyArray<number>) =>
  EventStore.EventStore.use((store) =>
    Effect.forEach(
      minutes,
      (at, n) => store.append(Reminder, `reminder ${n}`, [{ _tag: "Set", at: at * minute }]),
      { discard: true }
    )
  )

/** What was written down has been followed up. */
const settled = Effect.gen(function*() {
  yield* Projection.whenCaughtUp({ name: "reminders", version: 1 })
  yield* Projection.whenCaughtUp({ name: "reminders outbox", version: 1 })
})

/** So many have rung, and whatever would ring too often has had the time to. */
const untilRung = (rung: ReadonlyArray<string>, count: number) =>
  Effect.sync(() => rung.length >= count).pipe(
    Effect.repeat({ until: (isSo) => isSo, schedule: Schedule.spaced("1 millis") }),
    Effect.timeoutOrElse({
      duration: "10 seconds",
      orElse: () => Effect.die(new Error(`${rung.length} of ${count} have rung`))
    }),
    TestClock.withLive,
    Effect.andThen(settled),
    Effect.andThen(settled)
  )

const named = (minutes: ReadonlyArray<number>) => minutes.map((at, n) => `reminder ${n} ${at}`)

it.effect("timers over many days, more than are looked after at a time, are due to the minute", () =>
  Effect.gen(function*() {
    const { run, rung } = makeReminders()
    // in no order, over five days, and most of them at once on the third
    const minutes = Array.from({ length: 1_200 }, (_, n) => n % 50 > 0 ? 3_180 : 1 + (n * 79) % 7_200)
    const first = yield* run
    yield* set(minutes)
    yield* settled
    const rungAt = Effect.fnUntraced(function*(now: number) {
      const expected = named(minutes).filter((_, n) => minutes[n]! <= now)
      yield* TestClock.setTime(now * minute)
      yield* untilRung(rung, expected.length)
      assert.deepStrictEqual(rung.toSorted(), expected.toSorted())
    })
    for (const now of [1_440, 3_179, 3_180]) yield* rungAt(now)
    // another worker goes on with what is left
    yield* Fiber.interrupt(first)
    const second = yield* run
    for (const now of [5_000, 7_200]) yield* rungAt(now)
    assert.strictEqual(rung.length, 1_200)
    yield* Fiber.interrupt(second)
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("thousands of timers that came due while nobody ran the reactor all go off, each once, by two workers", () =>
  Effect.gen(function*() {
    const { run, rung } = makeReminders()
    const minutes = Array.from({ length: 1_200 }, (_, n) => n % 10 > 0 ? 10 : 1 + n % 50)
    const first = yield* run
    yield* set(minutes)
    yield* settled
    yield* Fiber.interrupt(first)
    yield* TestClock.setTime(day)
    const both = [yield* run, yield* run]
    yield* untilRung(rung, minutes.length)
    assert.deepStrictEqual(rung.toSorted(), named(minutes).toSorted())
    yield* Effect.forEach(both, Fiber.interrupt)
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("timers go off while the inbox is paused; what they lead to comes when it goes on, and no row is left", () =>
  Effect.gen(function*() {
    const { run, rung } = makeReminders()
    const inbox = { name: "reminders", version: 1 }
    const minutes = Array.from({ length: 1_200 }, () => 10)
    const first = yield* run
    yield* set(minutes)
    yield* settled
    yield* Fiber.interrupt(first)
    yield* Projections.pause(inbox)
    yield* TestClock.setTime(day)
    const second = yield* run
    const fired = ProjectionStore.use((store) => store.list(inbox.name))
    yield* Effect.map(fired, ([partition]) => partition!.end >= 3 * minutes.length).pipe(
      Effect.repeat({ until: (isSo) => isSo, schedule: Schedule.spaced("1 millis") }),
      TestClock.withLive
    )
    assert.deepStrictEqual(rung, [])
    yield* Projections.resume(inbox)
    yield* TestClock.adjust("1 second")
    yield* untilRung(rung, minutes.length)
    assert.deepStrictEqual(rung.toSorted(), named(minutes).toSorted())
    const due = ProjectionStore.use((store) => store.due(inbox, { by: 1_000 * day, limit: 10 }))
    assert.deepStrictEqual((yield* due).rows, [])
    yield* Fiber.interrupt(second)
  }).pipe(Effect.provide(MemoryEventStore.layer)))
