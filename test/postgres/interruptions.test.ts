import { assert, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as AppendCondition from "refold/AppendCondition"
import * as EventStore from "refold/EventStore"
import { account, append, centsOf } from "./fixtures/busy.ts"
import { startProcess, store } from "./fixtures/database.ts"
import { credited, freshId } from "./fixtures/domain.ts"

const count = 60

/** Appends of every kind, each to streams of its own. */
const appendNth = (
  n: number,
  [a, b]: readonly [string, string]
): Effect.Effect<unknown, unknown, EventStore.EventStore> => {
  switch (n % 4) {
    case 0:
      return append(a, n)
    case 1:
      return EventStore.append(account, a, [credited(n)], { eventIds: [freshId()] })
    case 2:
      return append(a, n, AppendCondition.noStream)
    default:
      return EventStore.appendAll([
        EventStore.appendTo(account, a, [credited(n)]),
        EventStore.appendTo(account, b, [credited(n)])
      ])
  }
}

layer(store, { excludeTestServices: true, timeout: "60 seconds" })(
  "appends that are interrupted while others go on",
  (it) => {
    it.effect("happen as a whole or not at all, and hold up nobody, whenever it is", () =>
      Effect.gen(function*() {
        const process = yield* startProcess({ client: { maxConnections: 3 } })
        let interrupted = 0
        for (let round = 0; round < 12; round++) {
          const ids = Array.from({ length: count }, () => [freshId(), freshId()] as const)
          const begun = yield* Deferred.make<void>()
          const fibers = yield* Effect.forEach(ids, (both, n) =>
            Deferred.await(begun).pipe(
              // some arrive while a batch is under way
              Effect.andThen(n % 5 < 3 ? Effect.void : append(freshId(), n)),
              Effect.andThen(appendNth(n, both)),
              process.run,
              Effect.forkChild({ startImmediately: true })
            ))
          yield* Deferred.succeed(begun, undefined)
          // each third is interrupted when another one has ended: before, while, or after it is sent
          yield* Effect.forEach(fibers, (fiber, n) =>
            n % 3 === 0
              ? Effect.andThen(Fiber.await(fibers[(n * 7 + round * 5 + 1) % count]!), Fiber.interrupt(fiber))
              : Effect.void, { concurrency: "unbounded" })
          const exits = yield* Effect.forEach(fibers, Fiber.await)
          for (const [n, [a, b]] of ids.entries()) {
            const exit = exits[n]!
            const found = [...yield* centsOf(a), ...yield* centsOf(b)]
            const whole = n % 4 === 3 ? [n, n] : [n]
            if (Exit.isSuccess(exit)) assert.deepStrictEqual(found, whole)
            else {
              interrupted++
              assert.isTrue(n % 3 === 0 && Exit.hasInterrupts(exit))
              if (found.length > 0) assert.deepStrictEqual(found, whole)
            }
          }
        }
        assert.isAbove(interrupted, 0)
      }))
  }
)
