/** Credits that are bought, given and spent, and expire: `npm run demo:wallet -- --help`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as PgClient from "@effect/sql-pg/PgClient"
import { PglitePgClient } from "@refold/pglite"
import { PgEventStore } from "@refold/sql-pg"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as SqlClient from "effect/sql/SqlClient"
import * as Path from "node:path"
import * as Print from "./print.ts"
import * as Run from "./run.ts"
import { LaterInstant } from "./Wallet.ts"

const here = Path.resolve(import.meta.dirname, "..")

const flags = {
  file: Argument.String("file").pipe(
    Argument.withDescription("Commands as JSON lines"),
    Argument.withDefault(Path.join(here, "scenario/half-year.jsonl"))
  ),
  data: Flag.String("data").pipe(
    Flag.withDescription("The folder of the embedded database"),
    Flag.withDefault(Path.join(here, ".data"))
  ),
  postgres: Flag.Redacted("postgres").pipe(
    Flag.withDescription("The URL of a PostgreSQL server to use instead; all is kept in the schema wallet_demo"),
    Flag.optional
  ),
  reset: Flag.Boolean("reset").pipe(Flag.withDescription("Forget everything and start over"), Flag.withDefault(false)),
  until: Flag.String("until").pipe(
    Flag.withDescription(
      "Go on to this day, such as 2026-09-30, and see what expires; ends at the last command otherwise"
    ),
    Flag.withSchema(LaterInstant),
    Flag.optional
  )
}

const wallet = Command.make("wallet", flags, ({ data, file, postgres, reset, until }) => {
  const database = Option.match(postgres, {
    onNone: () => PglitePgClient.layer({ dataDir: data }),
    onSome: (url) => PgClient.layer({ url: Redacted.make(Redacted.value(url)) })
  })
  const program = Effect.gen(function*() {
    const text = yield* (yield* FileSystem.FileSystem).readFileString(file)
    yield* Print.views(yield* Run.runAll(text, Option.getOrUndefined(until)))
  })
  return prepare(reset).pipe(
    Effect.andThen(Effect.provide(program, PgEventStore.layer({ schema: "wallet_demo" }))),
    Effect.provide(database),
    Effect.catch((error) => Effect.andThen(Print.problem(error.message), Effect.fail(new Told())))
  )
}).pipe(
  Command.withDescription(
    "Runs commands on the wallets of some customers, day by day, and shows what is to be invoiced"
  )
)

/** Ends the program; the user knows why. */
class Told extends Data.TaggedError("Told")<{}> {
  override readonly [Runtime.errorReported] = false
}

const prepare = Effect.fnUntraced(function*(reset: boolean) {
  const sql = yield* SqlClient.SqlClient
  if (reset) yield* sql`drop schema if exists wallet_demo cascade`
  yield* sql`create schema if not exists wallet_demo`
  yield* sql.unsafe(Run.table)
})

Command.run(wallet, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
