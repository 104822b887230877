import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { EventStore } from "../../EventStore.ts"
import { Tenant } from "../../StreamId.ts"
import type { Journal } from "./journal.ts"
import { type Due, Waiting } from "./waiting.ts"

/** Timers of the host cannot wait longer than some 24 days. */
const longestSleep = 86_400_000

const patiently = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])

/**
 * Writes down that a timer is due, unless it was moved, cancelled or fired meanwhile. It is decided on a state in which the
 * timer is set: what this process remembers may be older, while the append that set it is not acknowledged yet.
 */
export const fire = (journal: Journal, { at, key, seen, tenant, timer }: Due) =>
  journal.execute(key, { _tag: "Fire", timer, at }, { seen }).pipe(
    Effect.catchTag("Conflict", Effect.die),
    Effect.provideService(Tenant, tenant)
  )

/**
 * Follows the journal for timers that are set, and writes down when they are due. Everybody who runs the reactor does so:
 * the journal takes each only once.
 */
export const run = (journal: Journal): Effect.Effect<never, never, EventStore> =>
  Effect.scoped(Effect.gen(function*() {
    const store = yield* EventStore
    const changed = yield* Queue.sliding<void>(1)
    const waiting = new Waiting()

    let after = 0
    const hear = (follow: boolean) =>
      Effect.suspend(() =>
        store.batches([journal], { follow, after, tenants: "all" }).pipe(
          Stream.runForEach(({ end, events }) =>
            Effect.sync(() => {
              waiting.hear(events)
              after = end
              Queue.offerUnsafe(changed, undefined)
            })
          )
        )
      ).pipe(Effect.retry({ schedule: patiently, while: ({ isRetryable }) => isRetryable }), Effect.orDie)

    // what went off long ago is not to go off again, only to be told so
    yield* hear(false)
    yield* Effect.forkScoped(hear(true))
    for (;;) {
      const now = yield* Clock.currentTimeMillis
      const due: Array<Due> = []
      for (let some = waiting.take(now); some.length > 0; some = waiting.take(now)) due.push(...some)
      yield* Effect.forEach(
        due,
        (timer) => Effect.orDie(Effect.retry(fire(journal, timer), patiently)),
        { concurrency: 16, discard: true }
      )
      const next = waiting.next()
      const pause = next === Infinity ? Effect.never : Effect.sleep(Math.min(next - now, longestSleep))
      yield* Effect.raceFirst(Queue.take(changed), pause)
    }
  }))
