import type * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { EventStoreDriver } from "refold/EventStoreDriver"
import type { EventStoreError } from "refold/EventStoreError"
import * as Committing from "./committing.ts"
import { toStoreError } from "./errors.ts"
import * as GroupCommit from "./groupCommit.ts"
import * as Leases from "./leases.ts"
import { type EventRow, isEvent, type Maybe, storedEvent } from "./rows.ts"
import * as Snapshots from "./snapshots.ts"
import type { Statements } from "./sql/statements.ts"

/** The driver on a client and its statements. */
export const make = Effect.fnUntraced(function*(
  client: PgClient.PgClient,
  statement: Statements,
  watch: Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
): Effect.fn.Return<EventStoreDriver, never, Scope.Scope> {
  const query = <Row extends object>(
    text: string,
    parameters: ReadonlyArray<unknown>
  ): Effect.Effect<ReadonlyArray<Row>, EventStoreError> =>
    Effect.mapError(client.unsafe<Row>(text, parameters), toStoreError)

  const readStream: EventStoreDriver["readStream"] = ({ after, limit, stream }) =>
    Effect.map(
      query<Maybe<EventRow> & { readonly stream_version: bigint }>(
        statement.readStream,
        [stream.tenant, stream.category, stream.id, BigInt(after), limit]
      ),
      (rows) => ({
        version: Number(rows[0]?.stream_version ?? 0),
        events: rows.filter(isEvent).map((row) => storedEvent(stream, row))
      })
    )

  const inTransaction = Effect.map(Effect.serviceOption(client.transactionService), Option.isSome)
  const committing = Committing.make(client, statement, readStream)
  const appendWithOthers = yield* GroupCommit.make(committing.send, committing.settleAlone)

  return {
    append: Effect.fnUntraced(function*(appends) {
      if (appends.some(({ mayRepeat }) => mayRepeat)) {
        const found = yield* committing.lookUp(appends)
        if (found !== undefined) return found
      }
      return yield* (yield* inTransaction) ? committing.appendInTransaction(appends) : appendWithOthers(appends)
    }),
    readStream,
    readLog: ({ after, categories, limit, tenant }) =>
      Effect.map(
        query<Maybe<EventRow> & { log_end: bigint; category: string; stream_id: string }>(
          statement.readLog,
          [tenant, categories, BigInt(after), limit]
        ),
        (rows) => ({
          end: Number(rows[0]?.log_end ?? 0),
          events: rows.filter(isEvent).map((row) =>
            storedEvent({ tenant, category: row.category, id: row.stream_id }, row)
          )
        })
      ),
    watch,
    inTransaction,
    ...Snapshots.make(client, statement),
    ...Leases.make(client, statement)
  }
})
