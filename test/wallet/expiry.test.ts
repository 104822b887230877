/** What is not spent in time is taken away, when its time has come and whoever is there to do it. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Expiry } from "@refold/example-wallet/Expiry"
import { empty, Wallet } from "@refold/example-wallet/Wallet"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as EventStore from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"
import * as Reactor from "refold/Reactor"
import { startProcess } from "../postgres/fixtures/database.ts"
import * as TestDatabase from "../support/TestDatabase.ts"

/** Asks until it is so. */
const until = <E, R>(what: string, condition: Effect.Effect<boolean, E, R>) =>
  condition.pipe(
    Effect.repeat({ until: (holds) => holds, schedule: Schedule.spaced("5 millis") }),
    Effect.timeoutOrElse({
      duration: "20 seconds",
      orElse: () => Effect.die(new Error(`Waited in vain until ${what}`))
    })
  )

/** How many timers and other things the reactor has written down for a wallet. */
const noted = (id: string) =>
  Effect.flatMap(EventStore.EventStore, (store) => store.version({ ...Wallet, category: Expiry.name }, id))

const isEmpty = (id: string) =>
  Effect.map(Wallet.load(id), ({ state }) => state.bonus.length === 0 && state.refund.length === 0)

const eventsOf = (id: string) =>
  Effect.map(Stream.runCollect(EventStore.read(Wallet, id)), (events) => events.map(({ event }) => event))

const today = Effect.tap(
  Effect.succeed(DateTime.makeUnsafe("2026-01-05T09:00:00Z")),
  (now) => TestClock.setTime(DateTime.toEpochMillis(now))
)

describe("credits that expire", () => {
  it.effect("are taken away when 90 days are over, and not before", () =>
    Effect.gen(function*() {
      const now = yield* today
      const expires = DateTime.add(now, { days: 90 })
      // a worker that renews its lease every few seconds would do so for 90 days
      yield* Effect.forkScoped(Reactor.run(Expiry, { lease: "1000 days" }))
      yield* Wallet.execute("ann", { _tag: "AddBonusCredits", cents: 2000, at: now })
      yield* Wallet.execute("ann", { _tag: "AddRefundCredits", cents: 700, at: now })
      yield* Wallet.execute("ann", { _tag: "AddWalletCredits", cents: 5000, at: now })
      yield* Wallet.execute("ann", { _tag: "SubtractBonusCredits", cents: 1999, at: now })
      yield* TestClock.withLive(until("the timer is set", Effect.map(noted("ann"), (version) => version >= 2)))
      yield* TestClock.adjust(Duration.subtract(Duration.days(90), Duration.millis(1)))
      const before = yield* Wallet.load("ann")
      assert.deepStrictEqual(before.state.bonus, [{ expires, cents: 1 }])
      yield* TestClock.adjust("1 milli")
      yield* TestClock.withLive(until("they are gone", isEmpty("ann")))
      assert.deepStrictEqual((yield* eventsOf("ann")).slice(before.version), [
        { _tag: "BonusCreditsSubtracted", lots: [{ expires, cents: 1 }], reason: "expired", at: expires },
        { _tag: "RefundCreditsSubtracted", lots: [{ expires, cents: 700 }], reason: "expired", at: expires }
      ])
      assert.deepStrictEqual((yield* Wallet.load("ann")).state, { ...empty, wallet: 5000 })
    }).pipe(Effect.provide(MemoryEventStore.layer)))

  it.effect("leave nothing behind that happens, where all of them were spent", () =>
    Effect.gen(function*() {
      const now = yield* today
      yield* Wallet.execute("ann", { _tag: "AddBonusCredits", cents: 100, at: now })
      const { version } = yield* Wallet.execute("ann", { _tag: "SubtractCredits", cents: 100, at: now })
      yield* Reactor.catchUp(Expiry, { until: DateTime.add(now, { days: 91 }) })
      assert.isAbove(yield* noted("ann"), 1)
      assert.strictEqual((yield* Wallet.load("ann")).version, version)
    }).pipe(Effect.provide(MemoryEventStore.layer)))

  it.effect("cannot be spent when their time is over, even if nobody has taken them away yet", () =>
    Effect.gen(function*() {
      const now = yield* today
      const expires = DateTime.add(now, { days: 90 })
      yield* Wallet.execute("ann", { _tag: "AddBonusCredits", cents: 100, at: now })
      const command = { _tag: "SubtractCredits", cents: 100, at: expires } as const
      const { missing } = yield* Effect.flip(
        Effect.catchTags(Wallet.execute("ann", command), {
          Conflict: Effect.die,
          EventStoreError: Effect.die,
          RetriesExhausted: Effect.die
        })
      )
      assert.strictEqual(missing, 100)
      const inTime = { ...command, at: DateTime.subtract(expires, { milliseconds: 1 }) }
      assert.strictEqual((yield* Wallet.execute("ann", inTime)).events.length, 1)
    }).pipe(Effect.provide(MemoryEventStore.layer)))
})

/** Runs with a clock that is ahead. */
const ahead = (by: Duration.Duration) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Clock.clockWith((clock) => {
    const currentTimeMillisUnsafe = () => clock.currentTimeMillisUnsafe() + Duration.toMillis(by)
    return Effect.provideService(self, Clock.Clock, {
      currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
      currentTimeNanos: clock.currentTimeNanos,
      monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: clock.monotonicTimeNanos,
      currentTimeMillisUnsafe,
      currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
      sleep: (duration) => clock.sleep(duration)
    })
  })

layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("on PostgreSQL", (it) => {
  it.effect("a timer outlives the process that has set it, and goes off once", () =>
    Effect.gen(function*() {
      const now = yield* DateTime.now
      /** As long as a process runs the reactor, by a clock that is ahead by so many days. */
      const during = <A, E, R>(days: number, self: Effect.Effect<A, E, R>) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const process = yield* Scope.provide(startProcess(), scope)
          yield* Effect.forkIn(process.run(ahead(Duration.days(days))(Reactor.run(Expiry))), scope)
          return yield* Effect.ensuring(process.run(self), Scope.close(scope, Exit.void))
        })

      const version = yield* during(
        0,
        Effect.gen(function*() {
          yield* Wallet.execute("ann", { _tag: "AddBonusCredits", cents: 500, at: now })
          const { version } = yield* Wallet.execute("ann", { _tag: "SubtractCredits", cents: 100, at: now })
          yield* until("the timer is set", Effect.map(noted("ann"), (version) => version === 1))
          return version
        })
      )
      yield* during(
        89,
        Effect.gen(function*() {
          yield* Wallet.execute("bob", {
            _tag: "AddRefundCredits",
            cents: 300,
            at: DateTime.subtract(now, { days: 2 })
          })
          yield* until("what is due is taken away", isEmpty("bob"))
          assert.strictEqual((yield* Wallet.load("ann")).version, version)
        })
      )
      yield* during(91, until("what is due is taken away", isEmpty("ann")))
      yield* during(
        200,
        Effect.gen(function*() {
          yield* Wallet.execute("cy", { _tag: "AddBonusCredits", cents: 1, at: now })
          yield* until("what is due is taken away", isEmpty("cy"))
          const expires = DateTime.add(now, { days: 90 })
          assert.deepStrictEqual((yield* eventsOf("ann")).slice(version), [
            { _tag: "BonusCreditsSubtracted", lots: [{ expires, cents: 400 }], reason: "expired", at: expires }
          ])
        })
      )
    }), 60_000)
})
