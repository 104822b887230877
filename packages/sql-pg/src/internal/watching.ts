import type * as PgClient from "@effect/sql-pg/PgClient"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as RcRef from "effect/RcRef"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** What a notification says: nothing, of an append, or that a projection has moved. */
const moved = "moved"

/** SQL that tells the watchers of projections, when its transaction is committed. */
export const notifyMoved = (schema: string): string => `pg_notify('${schema}', '${moved}')::text`

/**
 * Tells watchers that something may have been appended, or that a projection may have moved. All watchers of a process
 * share one LISTEN connection, which is there only while somebody watches. Whatever a notification misses, the poll
 * interval covers.
 */
export const make = Effect.fnUntraced(function*(
  sql: PgClient.PgClient,
  channel: string,
  options: { readonly listen: boolean; readonly pollInterval: Duration.Input }
) {
  const appends = yield* PubSub.sliding<void>(1)
  const moves = yield* PubSub.sliding<void>(1)
  const signal = (notifications: ReadonlyArray<{ readonly payload: string }>) =>
    Effect.andThen(
      notifications.some(({ payload }) => payload !== moved) ? PubSub.publish(appends, undefined) : Effect.void,
      notifications.some(({ payload }) => payload === moved) ? PubSub.publish(moves, undefined) : Effect.void
    )

  const listening = Effect.gen(function*() {
    const notifications = yield* sql.listen(channel)
    // anything may have happened while nobody was listening
    yield* signal([{ payload: "" }, { payload: moved }])
    return yield* Stream.fromQueue(notifications).pipe(Stream.runForEachArray(signal))
  }).pipe(
    Effect.scoped,
    Effect.tapError(({ message }) =>
      Effect.logWarning(`LISTEN ${channel} failed (${message}); meanwhile it is polled`)
    ),
    Effect.retry(Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")]))
  )
  const listener = yield* RcRef.make({ acquire: Effect.forkScoped(listening), idleTimeToLive: "10 seconds" })

  const watch = (signals: PubSub.PubSub<void>): Effect.Effect<Effect.Effect<void>, never, Scope.Scope> =>
    Effect.gen(function*() {
      const subscription = yield* PubSub.subscribe(signals)
      if (options.listen) yield* RcRef.get(listener)
      return Effect.asVoid(Effect.timeoutOption(PubSub.take(subscription), options.pollInterval))
    })
  return { appends: watch(appends), moves: watch(moves) }
})
