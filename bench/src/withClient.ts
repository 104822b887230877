import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { SqlError } from "effect/sql/SqlError"
import { BenchFailure } from "./BenchFailure.ts"

/** A connection for a moment, for what is not timed. */
export const withClient = <A>(
  url: string,
  use: (sql: PgClient.PgClient) => Effect.Effect<A, SqlError>
): Effect.Effect<A, BenchFailure> =>
  Effect.flatMap(PgClient.PgClient, use).pipe(
    Effect.provide(PgClient.layer({ url: Redacted.make(url), maxConnections: 1 })),
    Effect.mapError((cause) => new BenchFailure({ message: cause.message, cause }))
  )
