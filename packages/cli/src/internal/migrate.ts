/** `refold migrate`: the tables, made or shown. */
import * as PgMigrations from "@refold/sql-pg/PgMigrations"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Connection from "./connection.ts"

export const migrate = Command.make("migrate", {
  ...Connection.flags,
  print: Flag.Boolean("print").pipe(
    Flag.withDescription("Print the SQL for a database that has none of it, and do nothing"),
    Flag.withDefault(false)
  )
}, ({ print, ...connection }) =>
  print
    ? Console.log(PgMigrations.script(connection.schema))
    : Effect.provide(
      Effect.andThen(
        PgMigrations.migrate(connection.schema),
        Console.log(`The schema ${connection.schema} is up to date`)
      ),
      Connection.client(connection, { makesFolder: true })
    )).pipe(Command.withDescription("Creates the tables, or brings them up to date"))
