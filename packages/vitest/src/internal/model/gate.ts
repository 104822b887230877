import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/** Counts the actions that are under way and those that have ended, and lets others wait for them. */
export class Gate {
  private underWay = 0
  private ended = 0
  private waiting: Array<{ readonly for: number; readonly passed: Deferred.Deferred<void> }> = []

  /** Runs an action once so many of those now under way have ended. */
  readonly pass = <A, E, R>(until: number, action: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => this.whenEnded(this.ended + Math.min(until, this.underWay))).pipe(
      Effect.andThen(Effect.sync(() => {
        this.underWay++
      })),
      Effect.andThen(Effect.ensuring(action, Effect.suspend(() => this.end())))
    )

  /** Waits until so many actions have ended since the beginning. */
  readonly whenEnded = (actions: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (this.ended >= actions) return Effect.void
      const passed = Deferred.makeUnsafe<void>()
      this.waiting.push({ for: actions, passed })
      return Deferred.await(passed)
    })

  private end(): Effect.Effect<void> {
    this.underWay--
    this.ended++
    const passing = this.waiting.filter((waiter) => waiter.for <= this.ended)
    this.waiting = this.waiting.filter((waiter) => waiter.for > this.ended)
    return Effect.forEach(passing, ({ passed }) => Deferred.succeed(passed, undefined), { discard: true })
  }
}
