import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { EventStore } from "../../EventStore.ts"
import type { ProjectionStore } from "../../ProjectionStore.ts"
import type { Journal } from "./journal.ts"
import * as Pending from "./pending.ts"
import type { Timetable } from "./timetable.ts"
import type { Waiting } from "./waiting.ts"

/** What is due later than that is left in the timetable. Timers of the host cannot wait longer than some 24 days. */
const aDay = 86_400_000

/** How many processes are asked for at a time. */
const pageSize = 1_000

const patiently = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])

/**
 * Looks after the timers that are due next, and writes down when they are. Everybody who runs the reactor does so: the
 * journal takes each only once.
 */
export const run = (
  journal: Journal,
  timetable: Timetable
): Effect.Effect<never, never, EventStore | ProjectionStore> =>
  Effect.suspend(() => forever(journal, timetable)).pipe(
    Effect.tapError((error) => Effect.logError(`${journal.category}: no timer is looked after: ${error.message}`)),
    Effect.retry(patiently),
    Effect.orDie
  )

const forever = Effect.fnUntraced(function*(journal: Journal, timetable: Timetable) {
  for (let limit = pageSize;;) {
    const now = yield* Clock.currentTimeMillis
    // what was due once and has been seen to is heard of here, and not looked at again
    const { end, waiting } = yield* Pending.load(journal, timetable, { by: now + aDay, limit })
    yield* lookAfter(journal, waiting, end)
    // rows that were all due already: those behind them are due as well, maybe
    limit = waiting.horizon <= now ? limit * 2 : pageSize
  }
})

/** Follows the journal, and has timers go off, until nothing is known of those that come next. */
const lookAfter = Effect.fnUntraced(function*(journal: Journal, waiting: Waiting, after: number) {
  const store = yield* EventStore
  const changed = yield* Queue.sliding<void>(1)

  const hear = Stream.runForEach(
    store.batches([journal], { follow: true, after, tenants: "all" }),
    ({ events }) =>
      Effect.sync(() => {
        waiting.hear(events)
        Queue.offerUnsafe(changed, undefined)
      })
  )
  const untilTheHorizon = Effect.gen(function*() {
    for (;;) {
      const now = yield* Clock.currentTimeMillis
      if (waiting.next <= now) {
        yield* Effect.forEach(waiting.due(now), (due) => Effect.retry(waiting.fire(journal, due), patiently), {
          concurrency: 16,
          discard: true
        })
      }
      if (waiting.horizon <= now) return
      yield* Effect.raceFirst(
        Queue.take(changed),
        Effect.sleep(Math.max(Math.min(waiting.next, waiting.horizon) - now, 0))
      )
    }
  })
  return yield* Effect.raceFirst(untilTheHorizon, Effect.andThen(hear, Effect.never))
})
