import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Aggregate from "refold/Aggregate"
import * as EventStore from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"
import * as Reactor from "refold/Reactor"

const Countdown = Aggregate.make("Countdown", {
  command: Schema.TaggedUnion({ Count: { number: Schema.Int } }),
  event: Schema.TaggedUnion({ Counted: { number: Schema.Int } }),
  state: Schema.Array(Schema.Int),
  initial: [],
  decide: ({ number }) => [{ _tag: "Counted", number }],
  evolve: (numbers, { number }) => [...numbers, number],
  conflicts: "redecides"
})

const count = (id: string, number: number) => Countdown.execute(id, { _tag: "Count", number })
const counted = (id: string) => Effect.map(Countdown.load(id), ({ state }) => state)
const written = (name: string) =>
  Effect.map(
    Stream.runCollect(EventStore.readAll([{ ...Countdown, category: name, codec: envelopes }])),
    (events) => events.map(({ type }) => type)
  )
const envelopes = {
  ...Countdown.codec,
  decode: (type: string) => Countdown.codec.decode("Counted", 1, { number: type.length })
}
const instant = (millis: number) => DateTime.makeUnsafe(millis)

const options = { from: [Countdown], commands: [Countdown], initial: null, state: Schema.Null } as const
const byStream = ({ stream }: { readonly stream: { readonly id: string } }) => stream.id

describe("a reactor that catches up", () => {
  it.effect("does what follows from what it has done, until nothing is left", () =>
    Effect.gen(function*() {
      const reactor = Reactor.make("Countdowns", {
        ...options,
        key: byStream,
        react: (_, { event, stream }) =>
          event.number === 0
            ? {}
            : { out: [Reactor.command(Countdown, stream.id, { _tag: "Count", number: event.number - 1 })] }
      })
      yield* count("a", 3)
      yield* Reactor.catchUp(reactor)
      assert.deepStrictEqual(yield* counted("a"), [3, 2, 1, 0])
      yield* Reactor.catchUp(reactor)
      assert.deepStrictEqual(yield* counted("a"), [3, 2, 1, 0])
      // the last of them led to nothing
      assert.deepStrictEqual(yield* written("Countdowns"), ["Reacted", "Reacted", "Reacted"])
    }).pipe(Effect.provide(MemoryEventStore.layer)))

  it.effect("lets timers go off that are due by then, the earlier first, which may take back the later", () =>
    Effect.gen(function*() {
      const reactor = Reactor.make("Alarms", {
        ...options,
        key: byStream,
        react: (_, { event: { number } }) =>
          number < 0 ? {} : { out: [Reactor.timer(`alarm ${number}`, instant(number))] },
        due: (_, timer, { at, key }) => ({
          out: [
            Reactor.command(Countdown, key, { _tag: "Count", number: -DateTime.toEpochMillis(at) }),
            ...(timer === "alarm 2000" ? [Reactor.cancelTimer("alarm 3000")] : [])
          ]
        })
      })
      for (const millis of [5000, 3000, 2000, 1000, 4000]) yield* count("a", millis)
      const due = Effect.map(counted("a"), (numbers) => numbers.filter((number) => number < 0))
      yield* Reactor.catchUp(reactor)
      assert.deepStrictEqual(yield* due, [])
      yield* Reactor.catchUp(reactor, { until: instant(4000) })
      assert.deepStrictEqual(yield* due, [-1000, -2000, -4000])
      yield* TestClock.setTime(4999)
      yield* Reactor.catchUp(reactor)
      assert.deepStrictEqual(yield* due, [-1000, -2000, -4000])
      yield* TestClock.setTime(5000)
      yield* Reactor.catchUp(reactor)
      assert.deepStrictEqual(yield* due, [-1000, -2000, -4000, -5000])
    }).pipe(Effect.provide(MemoryEventStore.layer)))

  it.effect("lets each of many timers go off once, at the instant it was last set to", () =>
    Effect.gen(function*() {
      const reactor = Reactor.make("Alarms", {
        ...options,
        key: byStream,
        react: (_, { event: { number } }) =>
          number < 0 ? {} : { out: [Reactor.timer(`alarm ${number % 10}`, instant(number))] },
        due: (_, timer, { at, key }) => ({
          out: [Reactor.command(Countdown, key, { _tag: "Count", number: -DateTime.toEpochMillis(at) })]
        })
      })
      const set = Array.from({ length: 40 }, (_, index) => 1000 + (index * 37) % 101)
      const lastSet = new Map(set.map((millis) => [millis % 10, millis]))
      yield* Effect.forEach(["a", "b"], (id) => Effect.forEach(set, (millis) => count(id, millis)))
      yield* Reactor.catchUp(reactor, { until: instant(2000) })
      for (const id of ["a", "b"]) {
        const wentOff = (yield* counted(id)).filter((number) => number < 0).map((number) => -number)
        assert.deepStrictEqual(wentOff, [...lastSet.values()].toSorted((a, b) => a - b))
      }
    }).pipe(Effect.provide(MemoryEventStore.layer)))

  it.effect("fails where an effect does, and does it the next time", () =>
    Effect.gen(function*() {
      const reactor = Reactor.make("Bells", {
        ...options,
        effects: { ring: Schema.Int },
        key: byStream,
        react: (_, { event }) => ({ out: [Reactor.effect("ring", event.number)] })
      })
      const rung: Array<readonly [number, string]> = []
      const ring = (isBroken: boolean) => ({
        effects: {
          ring: (number: number, { idempotencyKey }: { readonly idempotencyKey: string }) => {
            rung.push([number, idempotencyKey])
            return isBroken ? Effect.fail("broken" as const) : Effect.void
          }
        }
      })
      yield* count("a", 1)
      assert.strictEqual(yield* Effect.flip(Reactor.catchUp(reactor, ring(true))), "broken")
      yield* Reactor.catchUp(reactor, ring(false))
      yield* Reactor.catchUp(reactor, ring(false))
      assert.strictEqual(rung.length, 2)
      assert.deepStrictEqual(rung[0], rung[1])
    }).pipe(Effect.provide(MemoryEventStore.layer)))
})
