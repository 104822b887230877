import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import * as Checkpoints from "refold/Checkpoints"
import { toStoreError, transact } from "./errors.ts"
import type { statements } from "./sql/statements.ts"

/** Checkpoints in the database, moved in the transaction of the handler. */
export const make = (
  sql: SqlClient.SqlClient,
  { getCheckpoint, moveCheckpoint }: ReturnType<typeof statements>
): Checkpoints.Checkpoints["Service"] =>
  Checkpoints.Checkpoints.of({
    get: ({ name, version }) =>
      sql.unsafe<{ readonly position: bigint }>(getCheckpoint, [name, version]).pipe(
        Effect.map(([row]) => Number(row?.position ?? 0)),
        Effect.mapError(toStoreError)
      ),
    advance: (projection, { from, to }) => (handle) =>
      sql.unsafe(moveCheckpoint, [projection.name, projection.version, BigInt(from), BigInt(to)]).pipe(
        Effect.mapError(toStoreError),
        Effect.filterOrFail(
          (rows) => rows.length === 1,
          () => new Checkpoints.CheckpointMoved({ projection, expected: from })
        ),
        Effect.andThen(handle),
        transact(sql)
      )
  })
