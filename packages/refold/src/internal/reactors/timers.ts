import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { EventStore } from "../../EventStore.ts"
import { Tenant } from "../../StreamId.ts"
import type { Journal } from "./journal.ts"
import { timersAfter } from "./journal.ts"

/** A process, and the timers it waits for. */
interface Waiting {
  readonly tenant: string
  readonly key: string
  timers: Readonly<Record<string, number>>
}

/** Timers of the host cannot wait longer than some 24 days. */
const longestSleep = 86_400_000

const patiently = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])

/**
 * Follows the journal for timers that are set, and writes down when they are due. Everybody who runs the reactor does so:
 * the journal takes each only once.
 */
export const run = (journal: Journal): Effect.Effect<never, never, EventStore> =>
  Effect.scoped(Effect.gen(function*() {
    const store = yield* EventStore
    const changed = yield* Queue.sliding<void>(1)
    const waiting = new Map<string, Waiting>()

    const follow = store.batches([journal], { follow: true, tenants: "all" }).pipe(
      Stream.runForEach(({ events }) =>
        Effect.sync(() => {
          for (const { event, stream: { id: key, tenant } } of events) {
            const name = `${tenant}\0${key}`
            const process = waiting.get(name) ?? { tenant, key, timers: {} }
            process.timers = timersAfter(process.timers, event)
            if (Object.keys(process.timers).length === 0) waiting.delete(name)
            else waiting.set(name, process)
          }
          Queue.offerUnsafe(changed, undefined)
        })
      )
    )

    const fire = ({ key, tenant }: Waiting, timer: string, at: number) =>
      journal.execute(key, { _tag: "Fire", timer, at }).pipe(
        Effect.provideService(Tenant, tenant),
        Effect.retry(patiently),
        Effect.orDie
      )

    yield* Effect.forkScoped(Effect.orDie(follow))
    for (;;) {
      const now = yield* Clock.currentTimeMillis
      let earliest = Infinity
      const due: Array<readonly [Waiting, string, number]> = []
      for (const process of waiting.values()) {
        for (const [timer, at] of Object.entries(process.timers)) {
          if (at <= now) due.push([process, timer, at])
          else earliest = Math.min(earliest, at)
        }
      }
      yield* Effect.forEach(due, ([process, timer, at]) => fire(process, timer, at), { concurrency: 16, discard: true })
      const pause = earliest === Infinity ? Effect.never : Effect.sleep(Math.min(earliest - now, longestSleep))
      yield* Effect.raceFirst(Queue.take(changed), pause)
    }
  }))
