import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import * as EventStore from "refold/EventStore"
import { Account, credited, freshId, freshIds, type It, Lead, renamed } from "./fixtures.ts"

const count = 60

/** Appends of every kind, each to streams of its own. */
const appendNth = (n: number, id: string): Effect.Effect<unknown, unknown, EventStore.EventStore> => {
  const events = [credited(n), credited(n)]
  switch (n % 4) {
    case 0:
      return EventStore.append(Account, id, events)
    case 1:
      return EventStore.append(Account, id, events, { eventIds: freshIds(2) })
    case 2:
      return EventStore.append(Account, id, events, { condition: AppendCondition.noStream })
    default:
      return EventStore.appendAll([
        EventStore.appendTo(Account, id, events),
        EventStore.appendTo(Lead, id, [renamed("Ann")])
      ])
  }
}

export const interrupting = (it: It) => {
  it.effect("appends that are interrupted happen as a whole or not at all, and hold up nobody", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      for (let round = 0; round < 8; round++) {
        const ids = freshIds(count)
        const fibers = yield* Effect.forEach(ids, (id, n) =>
          // some arrive while others are under way
          (n % 5 < 3 ? Effect.void : EventStore.append(Account, freshId(), [credited(n)])).pipe(
            Effect.andThen(appendNth(n, id)),
            Effect.forkChild
          ))
        // each third is interrupted as soon as another one has ended: before, while, or after it is under way
        yield* Effect.forEach(fibers, (fiber, n) =>
          n % 3 === 0
            ? Effect.andThen(Fiber.await(fibers[(n * 7 + round * 5 + 1) % count]!), Fiber.interrupt(fiber))
            : Effect.void, { concurrency: "unbounded" })
        for (const [n, id] of ids.entries()) {
          const exit = yield* Fiber.await(fibers[n]!)
          const accounts = yield* Stream.runCollect(store.read(Account, id))
          const leads = yield* store.version(Lead, id)
          const found = [accounts.map(({ event }) => event.cents), leads]
          const whole = [[n, n], n % 4 === 3 ? 1 : 0]
          if (Exit.isFailure(exit)) assert.isTrue(n % 3 === 0 && Exit.hasInterrupts(exit))
          if (Exit.isSuccess(exit) || accounts.length + leads > 0) assert.deepStrictEqual(found, whole)
        }
      }
    }))
}
