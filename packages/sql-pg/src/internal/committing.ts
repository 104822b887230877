import type * as PgClient from "@effect/sql-pg/PgClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { SqlError } from "effect/sql/SqlError"
import * as AppendCondition from "refold/AppendCondition"
import {
  type Append,
  type AppendOutcome,
  type Appends,
  type EventStoreDriver,
  repetition
} from "refold/EventStoreDriver"
import { EventStoreError, OutcomeUnknown } from "refold/EventStoreError"
import type { StreamId } from "refold/StreamId"
import { type AppendRow, parametersOf, parametersOfOne, type Verdict, verdictsOf } from "./batches.ts"
import { isLost, isRepeated, toStoreError } from "./errors.ts"
import { type EventRow, storedEvent } from "./rows.ts"
import type { Statements } from "./sql/statements.ts"

/**
 * Why a batch was not committed: it was `unsent` for want of a connection; it was `refused` by the database; the connection
 * was `lost`, and nobody knows; or an event was there already, perhaps `repeated`.
 */
export interface NotCommitted {
  readonly reason: "unsent" | "refused" | "lost" | "repeated"
  readonly error: EventStoreError
}

const notCommitted = (error: SqlError): NotCommitted => ({
  reason: isLost(error) ? "lost" : isRepeated(error) ? "repeated" : "refused",
  error: toStoreError(error)
})

/** How long a database that went away in the middle of a commit is asked what became of it. */
const patienceMillis = 10_000

/** Sends appends, outside of any transaction, and finds out what became of them. */
export const make = (
  client: PgClient.PgClient,
  writer: PgClient.PgClient,
  statement: Statements,
  readStream: EventStoreDriver["readStream"]
) => {
  /** On a connection of its own: appends wait for each other, and would hold up statements that share one. */
  const exclusively = <Row extends object>(
    text: string,
    parameters: () => ReadonlyArray<unknown>
  ): Effect.Effect<ReadonlyArray<Row>, NotCommitted> =>
    writer.reserve.pipe(
      Effect.mapError((error): NotCommitted => ({ reason: "unsent", error: toStoreError(error) })),
      Effect.flatMap((connection) =>
        Effect.mapError(
          Effect.suspend(() => connection.execute(text, parameters(), undefined)),
          notCommitted
        )
      ),
      Effect.scoped
    )

  /** Many appends, to different streams, in one round trip and one commit. */
  const send = (
    appends: ReadonlyArray<Append>,
    atomic = false
  ): Effect.Effect<ReadonlyArray<Verdict>, NotCommitted> =>
    Effect.map(
      isSmall(appends)
        ? exclusively<AppendRow>(statement.appendOne, () => parametersOfOne(appends[0]))
        : exclusively<AppendRow>(statement.append, () => parametersOf(appends, atomic)),
      (rows) => verdictsOf(appends, rows)
    )

  const sendAll = (appends: Appends): Effect.Effect<AppendOutcome, NotCommitted> =>
    Effect.map(send(appends, true), outcomeOf)

  const lastOf = Effect.fnUntraced(function*(stream: StreamId) {
    const { version } = yield* readStream({ stream, after: Number.MAX_SAFE_INTEGER, limit: 1 })
    return version === 0 ? undefined : (yield* readStream({ stream, after: version - 1, limit: 1 })).events[0]
  })

  /** The events with these ids. */
  const findEvents = (ids: ReadonlyArray<string>) =>
    Effect.mapBoth(
      client.unsafe<EventRow & { readonly tenant: string; readonly category: string; readonly stream_id: string }>(
        statement.findEvents,
        [ids]
      ),
      {
        onFailure: toStoreError,
        onSuccess: (rows) =>
          rows.map((row) => storedEvent({ tenant: row.tenant, category: row.category, id: row.stream_id }, row))
      }
    )

  /** What the store knows of the events, whatever connection they came through. */
  const lookUp = Effect.fnUntraced(function*(
    appends: Appends
  ): Effect.fn.Return<AppendOutcome | undefined, EventStoreError> {
    const ids = appends.flatMap(({ events }) => events.map(({ id }) => id))
    if (ids.length === 0) return undefined
    const ends = repetition(appends, yield* findEvents(ids))
    if (ends === undefined) return undefined
    const found = yield* Effect.fromResult(ends)
    const repeated = appends.some(({ mayRepeat }) => mayRepeat)
    const placements = yield* Effect.forEach(
      appends,
      ({ condition, events, stream }, index) =>
        Effect.gen(function*() {
          const end = found[index] ?? (yield* lastOf(stream))
          const version = end?.version ?? 0
          const known = AppendCondition.knownVersion(condition)
          const before = version - events.length
          const { events: missed } = known === undefined || known >= before
            ? { events: [] }
            : yield* readStream({ stream, after: known, limit: before - known })
          const { recordedAt } = end ?? found.find((other) => other !== undefined)!
          return { version, position: end?.position ?? 0, recordedAt, missed, repeated }
        })
    )
    return { _tag: "Appended", placements }
  })

  /** What became of appends that may be there already; they are sent if they are not. */
  const sendUnlessThere = Effect.fnUntraced(function*(
    appends: Appends,
    doubt: "lost" | "repeated"
  ): Effect.fn.Return<AppendOutcome, NotCommitted> {
    // what was lost remains so until the store has told what is there
    const untold = (error: EventStoreError): NotCommitted => ({
      reason: error.isRetryable || (doubt === "lost" && error.reason._tag !== "EventIdTaken") ? "lost" : "refused",
      error
    })
    // when it is our turn, appends that were lost on their way have ended
    if (doubt === "lost") {
      yield* Effect.mapError(exclusively(statement.awaitAppends, () => []), ({ error }) => untold(error))
    }
    const found = Effect.mapError(lookUp(appends), untold)
    return yield* unlessThere(found, sendAll(appends))
  })

  /**
   * Appends, until it is known what became of it. What may be there already is looked for first, and sent again under the
   * same ids, so that a statement that was lost and still runs somewhere and this one cannot both succeed.
   */
  const settleAlone = Effect.fnUntraced(function*(
    appends: Appends,
    failed?: NotCommitted & { readonly since: number }
  ): Effect.fn.Return<AppendOutcome, EventStoreError> {
    const since = failed?.since ?? (yield* Clock.currentTimeMillis)
    let doubt = failed?.reason === "lost" || failed?.reason === "repeated" ? failed.reason : undefined
    for (let attempt = 0;; attempt++) {
      const outcome = yield* Effect.result(doubt === undefined ? sendAll(appends) : sendUnlessThere(appends, doubt))
      if (Result.isSuccess(outcome)) return outcome.success
      const { error, reason } = outcome.failure
      if (doubt !== "lost") {
        if (reason === "refused" || reason === "unsent") return yield* error
        doubt = reason
      } else if (reason === "refused" && !error.isRetryable) return yield* error
      if ((yield* Clock.currentTimeMillis) - since > patienceMillis) {
        return yield* doubt === "lost" ? outcomeUnknown(appends, error) : error
      }
      if (reason !== "repeated") yield* Effect.sleep(Math.min(20 * 2 ** attempt, 500))
    }
  })

  /** In the transaction of the calling fiber, which decides what becomes of it. */
  const appendInTransaction = (appends: Appends): Effect.Effect<AppendOutcome, EventStoreError> =>
    Effect.mapBoth(client.unsafe<AppendRow>(statement.append, parametersOf(appends, true)), {
      onFailure: toStoreError,
      onSuccess: (rows) => outcomeOf(verdictsOf(appends, rows))
    })

  return { send, settleAlone, findEvents, lookUp, appendInTransaction }
}

/** Who is refused may have run into the same append, made meanwhile by somebody else or by a statement that was lost. */
export const unlessThere = Effect.fnUntraced(function*<E>(
  lookUp: Effect.Effect<AppendOutcome | undefined, E>,
  send: Effect.Effect<AppendOutcome, E>
) {
  const found = yield* lookUp
  if (found !== undefined) return found
  const outcome = yield* send
  return outcome._tag === "Refused" ? (yield* lookUp) ?? outcome : outcome
})

const isSmall = (appends: ReadonlyArray<Append>): appends is readonly [Append] =>
  appends.length === 1 && appends[0]!.events.length <= 1

const outcomeOf = (verdicts: ReadonlyArray<Verdict>): AppendOutcome => {
  const [first, ...others] = verdicts.flatMap((verdict, index) =>
    verdict._tag === "Refused" ? [{ index, version: verdict.version, missed: verdict.missed }] : []
  )
  return first === undefined
    ? {
      _tag: "Appended",
      placements: verdicts.flatMap((verdict) => verdict._tag === "Placed" ? [verdict.placement] : [])
    }
    : { _tag: "Refused", refusals: [first, ...others] }
}

const outcomeUnknown = (appends: Appends, cause: EventStoreError): EventStoreError =>
  new EventStoreError({
    reason: new OutcomeUnknown({
      stream: appends[0].stream,
      eventIds: appends.flatMap(({ events }) => events.map(({ id }) => id)),
      cause
    })
  })
