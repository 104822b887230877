/**
 * LISTEN for any number of fibers without occupying the only session. The server sends a notification along with
 * the answer to the statement that commits it, and from there it is copied to the queues of its channel.
 */
import type { PgClient } from "@effect/sql-pg/PgClient"
import type { Notification } from "@effect/sql-pg/PgConnection"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"

type Subscriber = Queue.Queue<Notification, SqlError>

const escapeIdentifier = Statement.defaultEscape("\"")

export const make = () => {
  const subscribers = new Map<string, Set<Subscriber>>()

  const deliver = (notification: Notification): void => {
    subscribers.get(notification.channel)?.forEach((queue) => Queue.offerUnsafe(queue, notification))
  }

  const add = (channel: string) =>
    Effect.map(Queue.unbounded<Notification, SqlError>(), (queue) => {
      const queues = subscribers.get(channel)
      if (queues === undefined) subscribers.set(channel, new Set([queue]))
      else queues.add(queue)
      return queue
    })

  /** Tells whether that was the last one of its channel. */
  const remove = (channel: string, queue: Subscriber): boolean => {
    Queue.shutdownUnsafe(queue)
    const queues = subscribers.get(channel)
    return queues !== undefined && queues.delete(queue) && queues.size === 0 && subscribers.delete(channel)
  }

  const closeAll = Effect.sync(() => {
    for (const [channel, queues] of subscribers) queues.forEach((queue) => remove(channel, queue))
  })

  /** `PgClient.listen` for the client, until the scope closes. */
  const listener = Effect.fnUntraced(function*(
    sql: PgClient
  ): Effect.fn.Return<PgClient["listen"], never, Scope.Scope> {
    const scope = yield* Scope.Scope
    yield* Scope.addFinalizer(scope, closeAll)
    const listening = new Set<string>()
    const oneAtATime = Semaphore.withPermit(Semaphore.makeUnsafe(1))

    const execute = (command: "LISTEN" | "UNLISTEN", channel: string) =>
      sql.unsafe(`${command} ${escapeIdentifier(channel)}`).unprepared

    const start = (channel: string) =>
      oneAtATime(Effect.suspend(() =>
        listening.has(channel)
          ? Effect.void
          : Effect.map(execute("LISTEN", channel), () => listening.add(channel))
      ))

    const stop = (channel: string) =>
      oneAtATime(Effect.suspend(() =>
        subscribers.has(channel) || !listening.delete(channel)
          ? Effect.void
          : Effect.ignore(execute("UNLISTEN", channel))
      ))

    const outsideTransaction = (context: Context.Context<never>): Context.Context<never> =>
      Context.omit(sql.transactionService)(context)

    // Nobody waits for the session here: the scope may close inside a transaction, or after the database has.
    const release = (channel: string, queue: Subscriber) =>
      Effect.suspend(() =>
        remove(channel, queue)
          ? Effect.forkIn(Effect.updateContext(stop(channel), outsideTransaction), scope)
          : Effect.void
      )

    return (channel) =>
      Effect.andThen(
        check(sql, channel),
        Effect.acquireRelease(add(channel), (queue) => release(channel, queue)).pipe(
          Effect.tap((queue) => Effect.onError(start(channel), () => release(channel, queue)))
        )
      )
  })

  return { deliver, listener }
}

const check = (sql: PgClient, channel: string): Effect.Effect<void, SqlError> =>
  Effect.flatMap(Effect.serviceOption(sql.transactionService), (transaction) =>
    Option.isSome(transaction)
      ? Effect.fail(refuse("listen cannot be called inside a transaction, which occupies the only session"))
      : Buffer.byteLength(channel) > 63
      ? Effect.fail(refuse("PostgreSQL channel names must not exceed 63 UTF-8 bytes"))
      : Effect.void)

const refuse = (message: string): SqlError =>
  new SqlError({ reason: new UnknownError({ cause: new Error(message), message, operation: "listen" }) })
