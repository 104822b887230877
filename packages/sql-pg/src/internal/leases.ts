import type * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import type { EventStoreDriver, Lease } from "refold/EventStoreDriver"
import type { StreamId } from "refold/StreamId"
import { toStoreError } from "./errors.ts"
import type { statements } from "./sql/statements.ts"

interface LeaseRow {
  readonly acquired: boolean
  readonly ends_in: number
}

const key = (stream: StreamId) => [stream.tenant, stream.category, stream.id]

/** Leases in the database, by its clock. Each call is one statement: nothing is kept in the session. */
export const make = (
  sql: PgClient.PgClient,
  { acquireLease, releaseLease }: ReturnType<typeof statements>
): Pick<EventStoreDriver, "acquireLease" | "releaseLease"> => ({
  acquireLease: ({ hold, owner, reserve, stream }) =>
    sql.unsafe<LeaseRow>(acquireLease, [...key(stream), owner, hold, reserve]).pipe(
      Effect.map(([row]): Lease => ({ acquired: row!.acquired, endsIn: row!.ends_in })),
      Effect.mapError(toStoreError)
    ),
  releaseLease: ({ owner, stream }) =>
    sql.unsafe(releaseLease, [...key(stream), owner]).pipe(Effect.asVoid, Effect.mapError(toStoreError))
})
