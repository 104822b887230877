/** Which database, and what there is in it. */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as PglitePgClient from "@refold/pglite/PglitePgClient"
import * as PgEventStore from "@refold/sql-pg/PgEventStore"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Fs from "node:fs"
import { Problem } from "./print.ts"

export const flags = {
  postgres: Flag.Redacted("postgres").pipe(
    Flag.withDescription("The URL of a PostgreSQL server; DATABASE_URL or PGHOST and the like by default"),
    Flag.withMetavar("URL"),
    Flag.optional
  ),
  data: Flag.String("data").pipe(
    Flag.withDescription("The folder of an embedded database instead"),
    Flag.withMetavar("FOLDER"),
    Flag.optional
  ),
  schema: Flag.String("schema").pipe(
    Flag.withDescription("The schema that holds the tables"),
    Flag.filter(
      (name) => /^[a-z_][a-z0-9_]{0,50}$/.test(name),
      (name) => `"${name}" is no schema of a store: a-z, 0-9 and _, at most 51`
    ),
    Flag.withDefault("refold")
  )
}

/** What the flags say. */
export interface Connection {
  readonly postgres: Option.Option<Redacted.Redacted<string>>
  readonly data: Option.Option<string>
  readonly schema: string
}

/** A client of the database; a folder that is not there is made only by those who bring something to put into it. */
export const client = ({ data, postgres }: Connection, { makesFolder }: { readonly makesFolder: boolean }) =>
  Layer.unwrap(Effect.suspend(() => {
    if (Option.isSome(data) && Option.isSome(postgres)) {
      return Effect.fail(new Problem({ message: "--postgres and --data name two databases: say which" }))
    }
    if (Option.isSome(data) && !makesFolder && !Fs.existsSync(data.value)) {
      return Effect.fail(new Problem({ message: `There is no folder "${data.value}"` }))
    }
    if (Option.isSome(data)) return Effect.succeed(PglitePgClient.layer({ dataDir: data.value }))
    const { DATABASE_URL, PGDATABASE, PGHOST, PGPASSWORD, PGPORT, PGUSER } = process.env
    const shared = { applicationName: "refold", maxConnections: 4 }
    const url = Option.getOrUndefined(postgres) ??
      (DATABASE_URL === undefined ? undefined : Redacted.make(DATABASE_URL))
    if (url !== undefined) return Effect.succeed(PgClient.layer({ ...shared, url: Redacted.make(Redacted.value(url)) }))
    if (PGHOST === undefined && PGDATABASE === undefined) {
      return Effect.fail(
        new Problem({
          message: "Which database? --postgres URL, --data FOLDER, or DATABASE_URL or PGHOST in the environment"
        })
      )
    }
    return Effect.succeed(PgClient.layer({
      ...shared,
      host: PGHOST ?? "localhost",
      ...(PGPORT === undefined ? {} : { port: Number(PGPORT) }),
      ...(PGUSER === undefined ? {} : { username: PGUSER }),
      ...(PGDATABASE === undefined ? {} : { database: PGDATABASE }),
      ...(PGPASSWORD === undefined ? {} : { password: Redacted.make(PGPASSWORD) })
    }))
  }))

/** The stores, whose tables must be there: who only looks does not change them. */
export const stores = (connection: Connection) =>
  PgEventStore.layer({ schema: connection.schema, migrate: false, listen: false }).pipe(
    Layer.provideMerge(client(connection, { makesFolder: false }))
  )
