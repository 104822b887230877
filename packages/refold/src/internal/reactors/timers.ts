import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { LogBatch } from "../../EventSource.ts"
import { EventStore } from "../../EventStore.ts"
import type { Event, Journal } from "./journal.ts"
import { Waiting } from "./waiting.ts"

/** Timers of the host cannot wait longer than some 24 days. */
const longestSleep = 86_400_000

const patiently = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])

/**
 * Follows the journal for timers that are set, and writes down when they are due. Everybody who runs the reactor does so:
 * the journal takes each only once.
 */
export const run = (journal: Journal): Effect.Effect<never, never, EventStore> =>
  Effect.suspend(() => follow(journal)).pipe(
    Effect.tapError((error) => Effect.logError(`${journal.category}: no timer is looked after: ${error.message}`)),
    Effect.retry(patiently),
    Effect.orDie
  )

const follow = Effect.fnUntraced(function*(journal: Journal) {
  const store = yield* EventStore
  const changed = yield* Queue.sliding<void>(1)
  const waiting = new Waiting()
  let after = 0

  const take = ({ end, events }: LogBatch<Event>) =>
    Effect.sync(() => {
      after = end
      waiting.hear(events)
      Queue.offerUnsafe(changed, undefined)
    })
  const read = (follow: boolean) => Stream.runForEach(store.batches([journal], { follow, after, tenants: "all" }), take)

  const forever = Effect.gen(function*() {
    for (;;) {
      const now = yield* Clock.currentTimeMillis
      if (waiting.next <= now) {
        yield* Effect.forEach(waiting.due(now), (due) => Effect.retry(waiting.fire(journal, due), patiently), {
          concurrency: 16,
          discard: true
        })
      }
      const { next } = waiting
      const pause = next === Infinity ? Effect.never : Effect.sleep(Math.min(Math.max(next - now, 0), longestSleep))
      yield* Effect.raceFirst(Queue.take(changed), pause)
    }
  })

  // what was due once and has been seen to is not looked at again
  yield* read(false)
  return yield* Effect.raceFirst(forever, Effect.andThen(read(true), Effect.never))
})
