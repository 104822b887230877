import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { LogBatch } from "../../EventSource.ts"
import { EventStore } from "../../EventStore.ts"
import type { Metadata } from "../../Metadata.ts"
import { Tenant } from "../../StreamId.ts"
import type { Event, Journal } from "./journal.ts"
import { timersAfter } from "./journal.ts"

/** A timer that is set, and where it comes from. */
interface Timer {
  readonly at: number
  /** The version of the journal with which it was set. */
  readonly version: number
  readonly metadata: Metadata
}

/** A process, and the timers it waits for. */
interface Waiting {
  readonly tenant: string
  readonly key: string
  timers: Readonly<Record<string, Timer>>
}

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
  const waiting = new Map<string, Waiting>()
  let next = Infinity
  let after = 0

  const take = ({ end, events }: LogBatch<Event>) =>
    Effect.sync(() => {
      after = end
      for (const { event, id, metadata: { correlationId = id }, stream: { id: key, tenant }, version } of events) {
        const name = `${tenant}\0${key}`
        const process = waiting.get(name) ?? { tenant, key, timers: {} }
        process.timers = timersAfter(
          process.timers,
          event,
          (at): Timer => ({ at, version, metadata: { causationId: id, correlationId } })
        )
        const timers = Object.values(process.timers)
        if (timers.length === 0) waiting.delete(name)
        else waiting.set(name, process)
        for (const { at } of timers) next = Math.min(next, at)
      }
      Queue.offerUnsafe(changed, undefined)
    })
  const read = (follow: boolean) => Stream.runForEach(store.batches([journal], { follow, after, tenants: "all" }), take)

  const fire = Effect.fnUntraced(function*(process: Waiting, name: string, timer: Timer) {
    const { at, metadata, version } = timer
    const { key, tenant } = process
    const fired = journal.execute(key, { _tag: "Fire", timer: name, at }, { metadata, seen: version })
    yield* Effect.provideService(fired, Tenant, tenant)
    // what is to be known of it comes through the log; until then it is not to be tried again
    if (process.timers[name] !== timer) return
    const { [name]: _, ...others } = process.timers
    process.timers = others
  }, Effect.retry(patiently))

  /** Looks for what is due, and for when the next one will be. */
  const fireDue = (now: number) => {
    const due: Array<readonly [Waiting, string, Timer]> = []
    next = Infinity
    for (const process of waiting.values()) {
      for (const [name, timer] of Object.entries(process.timers)) {
        if (timer.at <= now) due.push([process, name, timer])
        else next = Math.min(next, timer.at)
      }
    }
    return Effect.forEach(due, ([process, name, timer]) => fire(process, name, timer), {
      concurrency: 16,
      discard: true
    })
  }

  const forever = Effect.gen(function*() {
    for (;;) {
      const now = yield* Clock.currentTimeMillis
      if (next <= now) yield* fireDue(now)
      const pause = next === Infinity ? Effect.never : Effect.sleep(Math.min(Math.max(next - now, 0), longestSleep))
      yield* Effect.raceFirst(Queue.take(changed), pause)
    }
  })

  // what was due once and has been seen to is not looked at again
  yield* read(false)
  return yield* Effect.raceFirst(forever, Effect.andThen(read(true), Effect.never))
})
