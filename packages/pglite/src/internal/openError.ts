import { ConnectionError, SqlError } from "effect/sql/SqlError"

/** The database at `where` cannot be opened, for the given reason or the one the cause tells. */
export const openError = (where: string, cause: unknown, reason = describe(cause)): SqlError =>
  new SqlError({
    reason: new ConnectionError({
      cause,
      message: `PglitePgClient: cannot open ${where}: ${reason}`,
      operation: "connect"
    })
  })

const describe = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)
