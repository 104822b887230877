import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as SqlClient from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import * as EventStoreError from "refold/EventStoreError"

/** An error of the database in the words of the store. */
export const toStoreError = (error: SqlError): EventStoreError.EventStoreError =>
  new EventStoreError.EventStoreError({
    reason: error.isRetryable || isPassing(error) || violates(error, "version_once") || isRepeated(error)
      ? new EventStoreError.Unavailable({ message: describe(error), cause: error })
      : new EventStoreError.StoreFailure({ message: describe(error), cause: error })
  })

/**
 * What the client does not know to be worth trying again: PostgreSQL ends or refuses a session with class 57P when it
 * shuts down or starts, and with class 53 when it has run out of connections, memory or disk; ends it when a transaction was
 * idle or took longer than it is set to allow (25P03, 25P04); and writes nothing where it is the replica, or is read-only for
 * want of disk (25006). A version that is taken was
 * judged on a snapshot older than the lock on appends, which only a stricter isolation level than the default does. An event
 * that has come to be there meanwhile, in a transaction, is found by the next one.
 */
const isPassing = (error: SqlError): boolean => /^(57P|53|25P0[34]|25006)/.test(codeOf(error))

/** Whether the session ended while a statement was under way, so that nobody was told what became of it. */
export const isLost = (error: SqlError): boolean =>
  error.reason._tag === "ConnectionError" || codeOf(error).startsWith("57P")

/** Whether an event was there already under the same id. */
export const isRepeated = (error: SqlError): boolean => violates(error, "event_id_once")

const violates = ({ reason }: SqlError, constraint: string): boolean =>
  reason._tag === "UniqueViolation" && reason.constraint === constraint

/** The SQLSTATE, or nothing. */
export const codeOf = ({ reason: { cause } }: SqlError): string =>
  Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : ""

/** The client's message says what it was doing, the server's what was wrong. */
const describe = (error: SqlError): string => {
  const { cause } = error.reason
  return Predicate.hasProperty(cause, "message") && typeof cause.message === "string"
    ? `${error.message}: ${cause.message}`
    : error.message
}

/** An error of what runs in a transaction, to be told apart from those of the transaction itself. */
class Inside<E> {
  readonly error: E

  constructor(error: E) {
    this.error = error
  }
}

/**
 * `withTransaction` whose own errors are those of the store, while what runs inside keeps its errors. A connection lost
 * inside is an error as well: the client's own dies of it, because its ROLLBACK fails too.
 */
export const transact =
  (sql: SqlClient.SqlClient) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | EventStoreError.EventStoreError, R> =>
    sql.withTransaction(Effect.mapError(self, (error) => new Inside(error))).pipe(
      Effect.catchCause((cause) => {
        const lost = cause.reasons.find((reason) => Cause.isDieReason(reason) && isSqlError(reason.defect))
        return lost !== undefined && Cause.isDieReason(lost) && isSqlError(lost.defect) && !Cause.hasInterrupts(cause)
          ? Effect.fail(lost.defect)
          : Effect.failCause(cause)
      }),
      Effect.mapError((error) => error instanceof Inside ? error.error : toStoreError(error))
    )
