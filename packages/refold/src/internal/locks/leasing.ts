import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { EventStoreDriver } from "../../EventStoreDriver.ts"
import { LockExpired, LockTimeout } from "../../Lock.ts"
import type { StreamId } from "../../StreamId.ts"
import * as EventIds from "../store/eventIds.ts"

export interface Terms {
  readonly stream: StreamId
  readonly wait: Duration.Duration
  readonly hold: Duration.Duration
}

/** One for every time the lock is asked for. */
interface Lease {
  readonly stream: StreamId
  readonly owner: string
}

/** Longest pause between two questions, in milliseconds, and how long the store keeps a turn for whoever has asked. */
const maxPause = 100
const reservation = 1000

/** Runs effects while this process has the lease, and no longer. */
export const make = (driver: EventStoreDriver) => {
  /** Asks until the lease is there, and returns until when. Only the pauses can be interrupted: who got it must know. */
  const acquire = Effect.fnUntraced(function*(
    lease: Lease,
    { hold, stream, wait }: Terms,
    deadline: number,
    interruptible: (pause: Effect.Effect<void>) => Effect.Effect<void>
  ) {
    for (let pause = 5;; pause = Math.min(2 * pause, maxPause)) {
      const asked = yield* Clock.currentTimeMillis
      const reserve = Math.max(0, Math.min(deadline - asked, reservation))
      const { acquired, endsIn } = yield* driver.acquireLease({ ...lease, hold: Duration.toMillis(hold), reserve })
      // counted from before the question, the time is up here before it is up in the store
      if (acquired) return asked + Duration.toMillis(hold)
      const left = deadline - (yield* Clock.currentTimeMillis)
      if (left <= 0) return yield* new LockTimeout({ stream, waited: wait })
      const jittered = yield* Random.nextBetween(pause / 2, pause)
      yield* interruptible(Effect.sleep(Math.min(left, jittered, endsIn > 0 ? endsIn : Infinity)))
    }
  })

  /** What cannot be given back ends by itself. */
  const release = (lease: Lease) => Effect.ignore(driver.releaseLease(lease))

  return <A, E, R>(terms: Terms, deadline: number, effect: Effect.Effect<A, E, R>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const lease = { stream: terms.stream, owner: EventIds.make() }
        const until = yield* Effect.onError(acquire(lease, terms, deadline, restore), () => release(lease))
        const expired = Effect.fail(new LockExpired({ stream: terms.stream, held: terms.hold }))
        const left = until - (yield* Clock.currentTimeMillis)
        const work = left > 0 ? Effect.timeoutOrElse(effect, { duration: left, orElse: () => expired }) : expired
        return yield* work.pipe(
          restore,
          Effect.ensuring(release(lease))
        )
      })
    )
}
