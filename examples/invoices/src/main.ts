/** Two houses write invoices at the end of the month: `npm run demo:invoices -- --help`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as PgClient from "@effect/sql-pg/PgClient"
import { PglitePgClient } from "@refold/pglite"
import { PgEventStore } from "@refold/sql-pg"
import Table from "cli-table3"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import * as Path from "node:path"
import { Projection, StreamId, Views } from "refold"
import { list } from "./InvoiceList.ts"
import * as Mailing from "./Mailing.ts"
import { runFile } from "./scenario.ts"

const here = Path.resolve(import.meta.dirname, "..")

const flags = {
  file: Argument.String("file").pipe(
    Argument.withDescription("Commands as JSON lines"),
    Argument.withDefault(Path.join(here, "scenario/month-end.jsonl"))
  ),
  data: Flag.String("data").pipe(
    Flag.withDescription("The folder of the embedded database"),
    Flag.withDefault(Path.join(here, ".data"))
  ),
  postgres: Flag.Redacted("postgres").pipe(
    Flag.withDescription("The URL of a PostgreSQL server to use instead; all is kept in the schema invoices_demo"),
    Flag.optional
  ),
  smtp: Flag.Boolean("smtp").pipe(
    Flag.withDescription("Send the mails through the server at SMTP_URL, instead of showing them"),
    Flag.withDefault(false)
  ),
  reset: Flag.Boolean("reset").pipe(Flag.withDescription("Forget everything and start over"), Flag.withDefault(false))
}

const invoices = Command.make("invoices", flags, ({ data, file, postgres, reset, smtp }) => {
  const database = Option.match(postgres, {
    onNone: () => PglitePgClient.layer({ dataDir: data }),
    onSome: (url) => PgClient.layer({ url: Redacted.make(Redacted.value(url)) })
  })
  const shown: Array<Mailing.Mail> = []
  const shows = Layer.succeed(Mailing.Mailer, {
    send: (mail) =>
      Effect.sync(() => {
        shown.push(mail)
      })
  })
  const program = Effect.gen(function*() {
    yield* runFile(file)
    yield* Effect.forEach(
      [Mailing.mailing.name, `${Mailing.mailing.name} outbox`],
      (name) => Projection.whenCaughtUp({ name, version: 1 })
    )
    for (const tenant of ["north", "south"]) yield* Effect.provideService(printList(tenant), StreamId.Tenant, tenant)
    for (const mail of shown.toSorted((one, other) => one.subject < other.subject ? -1 : 1)) {
      yield* Console.log(`\nTo: ${mail.to}\nSubject: ${mail.subject}\n${mail.text}`)
    }
  }).pipe(
    Effect.provide(Layer.provide(Mailing.layer, smtp ? Mailing.smtp : shows)),
    Effect.provide(PgEventStore.layer({ schema: "invoices_demo" }))
  )
  const forget = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`drop schema if exists invoices_demo cascade`)
  return Effect.provide(Effect.andThen(reset ? forget : Effect.void, program), database)
}).pipe(Command.withDescription("Runs the commands of two houses, mails what is sent, and shows their invoices"))

const printList = Effect.fnUntraced(function*(tenant: string) {
  const rows = yield* Views.all(list, { consistency: "current" }).pipe(
    Effect.catchTag("NotReadable", () => Views.live(list))
  )
  const table = new Table({
    head: ["invoice", "customer", "lines", "amount", "status"],
    style: { head: [], border: [], compact: true }
  })
  for (const [id, { cents, invoice }] of [...rows].toSorted(([one], [other]) => one < other ? -1 : 1)) {
    if (invoice === null) continue
    const { currency, customer, lines, status } = invoice
    table.push([id, customer, Object.keys(lines).length, Mailing.amount(cents, currency), status])
  }
  yield* Console.log(`\n${tenant}\n${table.toString()}`)
})

Command.run(invoices, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
