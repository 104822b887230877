import type * as PgClient from "@effect/sql-pg/PgClient"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as RcRef from "effect/RcRef"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/**
 * Tells watchers that something may have been appended. All watchers of a process share one LISTEN connection, which is
 * there only while somebody watches. Whatever a notification misses, the poll interval covers.
 */
export const make = Effect.fnUntraced(function*(
  sql: PgClient.PgClient,
  channel: string,
  options: { readonly listen: boolean; readonly pollInterval: Duration.Input }
) {
  const appended = yield* PubSub.sliding<void>(1)
  const signal = PubSub.publish(appended, undefined)

  const listening = Effect.gen(function*() {
    const notifications = yield* sql.listen(channel)
    // anything may have been appended while nobody was listening
    yield* signal
    return yield* Stream.fromQueue(notifications).pipe(Stream.runForEachArray(() => signal))
  }).pipe(
    Effect.scoped,
    Effect.tapError(({ message }) =>
      Effect.logWarning(`LISTEN ${channel} failed (${message}); meanwhile events are polled for`)
    ),
    Effect.retry(Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")]))
  )
  const listener = yield* RcRef.make({ acquire: Effect.forkScoped(listening), idleTimeToLive: "10 seconds" })

  return Effect.gen(function*() {
    const subscription = yield* PubSub.subscribe(appended)
    if (options.listen) yield* RcRef.get(listener)
    return Effect.asVoid(Effect.timeoutOption(PubSub.take(subscription), options.pollInterval))
  }) satisfies Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
})
