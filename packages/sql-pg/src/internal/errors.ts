import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as SqlClient from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import * as EventStoreError from "refold/EventStoreError"

/** An error of the database in the words of the store. */
export const toStoreError = (error: SqlError): EventStoreError.EventStoreError =>
  new EventStoreError.EventStoreError({
    reason: error.isRetryable || isPassing(error)
      ? new EventStoreError.Unavailable({ message: describe(error), cause: error })
      : new EventStoreError.StoreFailure({ message: describe(error), cause: error })
  })

/**
 * What the client does not know to be worth trying again: PostgreSQL ends or refuses a session with class 57P when it
 * shuts down or starts, and with class 53 when it has run out of connections, memory or disk.
 */
const isPassing = (error: SqlError): boolean => {
  const { cause } = error.reason
  return Predicate.hasProperty(cause, "code") && typeof cause.code === "string" && /^(57P|53)/.test(cause.code)
}

/** The client's message says what it was doing, the server's what was wrong. */
const describe = (error: SqlError): string => {
  const { cause } = error.reason
  return Predicate.hasProperty(cause, "message") && typeof cause.message === "string"
    ? `${error.message}: ${cause.message}`
    : error.message
}

/**
 * `withTransaction` that reports a connection lost inside of it as an error: the client's own dies, because its ROLLBACK
 * fails as well.
 */
export const transact =
  (sql: SqlClient.SqlClient) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError, R> =>
    Effect.catchCause(sql.withTransaction(self), (cause) => {
      const lost = cause.reasons.find((reason) => Cause.isDieReason(reason) && isSqlError(reason.defect))
      return lost !== undefined && Cause.isDieReason(lost) && isSqlError(lost.defect) && !Cause.hasInterrupts(cause)
        ? Effect.fail(lost.defect)
        : Effect.failCause(cause)
    })
