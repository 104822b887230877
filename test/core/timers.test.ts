/** Timers that are far away, on a clock that can be turned. */
import { assert, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Aggregate from "refold/Aggregate"
import * as MemoryEventStore from "refold/MemoryEventStore"
import * as Projection from "refold/Projection"
import * as Reactor from "refold/Reactor"

const Trial = Aggregate.make("Trial", {
  command: Schema.TaggedUnion({ Begin: {}, Extend: {}, Buy: {} }),
  event: Schema.TaggedUnion({ Begun: {}, Extended: {}, Bought: {} }),
  state: Schema.Null,
  initial: null,
  decide: ({ _tag }) => [{ _tag: _tag === "Begin" ? "Begun" : _tag === "Extend" ? "Extended" : "Bought" }],
  evolve: (state) => state,
  conflicts: "commutes"
})

/** A trial ends after 90 days, or 90 days after it was last extended, and 400 days later we ask how it was. */
const trials = Reactor.make("trials", {
  from: [Trial],
  effects: { mail: Schema.String },
  state: Schema.Null,
  initial: null,
  key: ({ stream }) => stream.id,
  react: (_, { event, recordedAt }) => ({
    out: event._tag === "Bought"
      ? [Reactor.cancelTimer("end")]
      : [Reactor.timer("end", DateTime.add(recordedAt, { days: 90 }))]
  }),
  due: (_, timer, { at }) => ({
    out: timer === "end"
      ? [Reactor.effect("mail", "ended"), Reactor.timer("ask", DateTime.add(at, { days: 400 }))]
      : [Reactor.effect("mail", "asked")]
  })
})

/** Everything that was written down has been followed up, also what that led to. */
const settled = Effect.gen(function*() {
  for (let time = 0; time < 3; time++) {
    yield* Projection.whenCaughtUp({ name: "trials", version: 1 })
    yield* Projection.whenCaughtUp({ name: "trials outbox", version: 1 })
  }
})

const runs = (mails: Array<string>) =>
  Effect.forkChild(Reactor.run(trials, {
    lease: "10000 days",
    retry: Schedule.recurs(0),
    effects: { mail: (text, { key }) => Effect.sync(() => void mails.push(`${key} ${text}`)) }
  }))

it.effect("a timer that is months away, further than the host's own timers reach, is due to the day", () =>
  Effect.gen(function*() {
    const mails: Array<string> = []
    const worker = yield* runs(mails)
    for (const id of ["a", "b", "c"]) yield* Trial.execute(id, { _tag: "Begin" })
    yield* settled
    yield* TestClock.adjust("89 days")
    yield* Trial.execute("b", { _tag: "Extend" })
    yield* Trial.execute("c", { _tag: "Buy" })
    yield* settled
    assert.deepStrictEqual(mails, [])
    yield* TestClock.adjust("1 day")
    yield* settled
    assert.deepStrictEqual(mails, ["a ended"])
    yield* TestClock.adjust("89 days")
    yield* settled
    assert.deepStrictEqual(mails, ["a ended", "b ended"])
    yield* TestClock.adjust("310 days")
    yield* settled
    assert.deepStrictEqual(mails, ["a ended", "b ended"])
    yield* TestClock.adjust("1 day")
    yield* settled
    assert.deepStrictEqual(mails, ["a ended", "b ended", "a asked"])
    yield* Fiber.interrupt(worker)
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("a timer whose time came while nobody ran the reactor is due when somebody does, once", () =>
  Effect.gen(function*() {
    const mails: Array<string> = []
    const first = yield* runs(mails)
    yield* Trial.execute("a", { _tag: "Begin" })
    yield* settled
    yield* Fiber.interrupt(first)
    yield* TestClock.adjust("1000 days")
    assert.deepStrictEqual(mails, [])
    const second = yield* runs(mails)
    const third = yield* runs(mails)
    yield* TestClock.adjust("1 second")
    yield* settled
    // the question was due long ago as well
    assert.deepStrictEqual(mails, ["a ended", "a asked"])
    yield* Fiber.interrupt(second)
    yield* Fiber.interrupt(third)
  }).pipe(Effect.provide(MemoryEventStore.layer)))
