import type * as PgClient from "@effect/sql-pg/PgClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
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

/** The driver on a client, on one whose connections are for appends alone, and on their statements. */
export const make = Effect.fnUntraced(function*(
  client: PgClient.PgClient,
  writer: PgClient.PgClient,
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

  const isInTransaction = (fiber: Fiber.Fiber<unknown, unknown>) =>
    Option.isSome(Context.getOption(fiber.context, client.transactionService))
  const committing = Committing.make(client, writer, statement, readStream)
  const appendWithOthers = yield* GroupCommit.make(committing.send, committing.settleAlone)

  return {
    append: (appends) =>
      Effect.withFiber((fiber) => {
        const send = isInTransaction(fiber) ? committing.appendInTransaction(appends) : appendWithOthers(appends)
        return appends.some(({ mayRepeat }) => mayRepeat)
          ? Committing.unlessThere(committing.lookUp(appends), send)
          : send
      }),
    readStream,
    findEvents: committing.findEvents,
    readLog: ({ after, categories, limit, partition, tenant, types, upTo }) =>
      Effect.map(
        query<
          Maybe<EventRow> & {
            readonly log_end: number
            readonly goes_on: boolean
            readonly tenant: string
            readonly category: string
            readonly stream_id: string
          }
        >(
          statement.readLog,
          [
            tenant ?? null,
            categories,
            BigInt(after),
            limit,
            BigInt(upTo),
            types ?? null,
            partition?.index ?? null,
            partition?.of ?? null
          ]
        ),
        (rows) => ({
          end: rows[0]?.log_end ?? 0,
          goesOn: rows[0]?.goes_on,
          events: rows.filter(isEvent).map((row) =>
            storedEvent(
              { tenant: row.tenant, category: row.category, id: row.stream_id },
              { ...row, metadata: typeof row.metadata === "string" ? JSON.parse(row.metadata) : {} }
            )
          )
        })
      ),
    watch,
    inTransaction: Effect.withFiber((fiber) => Effect.succeed(isInTransaction(fiber))),
    ...Snapshots.make(client, statement),
    ...Leases.make(client, statement)
  }
})
