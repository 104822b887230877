/** Customers of a bank at the counter, and their transfers: `npm run demo:bank -- --help`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as PgClient from "@effect/sql-pg/PgClient"
import { PglitePgClient } from "@refold/pglite"
import { PgEventStore } from "@refold/sql-pg"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as Path from "node:path"
import { type Aggregate, type Decider, EventStore, Projection, Reactor, View, Views } from "refold"
import { Account } from "./Account.ts"
import * as Print from "./print.ts"
import * as Requests from "./requests.ts"
import { Transfer } from "./Transfer.ts"
import { Transfers } from "./Transfers.ts"

const here = Path.resolve(import.meta.dirname, "..")

const flags = {
  file: Argument.String("file").pipe(
    Argument.withDescription("Requests as JSON lines"),
    Argument.withDefault(Path.join(here, "scenario/payday.jsonl"))
  ),
  data: Flag.String("data").pipe(
    Flag.withDescription("The folder of the embedded database"),
    Flag.withDefault(Path.join(here, ".data"))
  ),
  postgres: Flag.Redacted("postgres").pipe(
    Flag.withDescription("The URL of a PostgreSQL server to use instead; all is kept in the schema bank_demo"),
    Flag.optional
  ),
  reset: Flag.Boolean("reset").pipe(Flag.withDescription("Forget everything and start over"), Flag.withDefault(false)),
  account: Flag.String("account").pipe(Flag.withDescription("Only show the bookings of this account"), Flag.optional)
}

const bank = Command.make("bank", flags, ({ account, data, file, postgres, reset }) => {
  const database = Option.match(postgres, {
    onNone: () => PglitePgClient.layer({ dataDir: data }),
    onSome: (url) => PgClient.layer({ url })
  })
  const program = Option.isSome(account) ? showAccount(account.value) : runFile(file)
  return (reset ? SqlClient.SqlClient.use((sql) => sql`drop schema if exists bank_demo cascade`) : Effect.void).pipe(
    Effect.andThen(Effect.provide(program, PgEventStore.layer({ schema: "bank_demo" }))),
    Effect.provide(database),
    Effect.catch(({ message }) => Print.problem(message))
  )
}).pipe(Command.withDescription("Does what the customers of a bank ask for, and shows the books"))

const runFile = Effect.fnUntraced(function*(file: string) {
  const text = yield* FileSystem.FileSystem.use((fs) => fs.readFileString(file))
  yield* Effect.forEach(Requests.batches(text), runBatch, { discard: true }).pipe(
    Effect.provide(Reactor.layer(Transfers, { lease: "2 seconds" }))
  )
  yield* Print.table(
    "Accounts",
    ["account", "owner", "", "balance"],
    (yield* all(Account)).map(([id, { balance, owner, status }]) => [id, owner, status, balance])
  )
  yield* Print.table(
    "Transfers",
    ["transfer", "from", "to", "amount", "", "because"],
    (yield* all(Transfer)).map(([id, { cents, from, reason, status, to }]) => [id, from, to, cents, status, reason])
  )
})

const runBatch = Effect.fnUntraced(function*(batch: ReadonlyArray<Requests.Line>) {
  const outcomes = yield* Effect.forEach(batch, Requests.run, { concurrency: "unbounded" })
  for (const [index, line] of batch.entries()) yield* Print.request(line, outcomes[index] ?? [])
  if (outcomes.flat().some(([how]) => how === "bad line" || how === "failed")) process.exitCode = 1
})

/** The states of all instances of an aggregate, by id. */
const all = <T extends Decider.Types & { readonly State: {} }>(aggregate: Aggregate.Aggregate<T>) => {
  const { category: name, initial, state } = aggregate
  const evolve = (state: T["State"], { event }: { readonly event: T["Event"] }) => aggregate.evolve(state, event)
  const view = View.make(name, { version: 1, from: [aggregate], state, initial, evolve })
  return Effect.andThen(Projection.catchUp(view), Views.all(view)).pipe(
    Effect.map((states) => [...states].toSorted(([one], [other]) => one < other ? -1 : 1))
  )
}

const showAccount = (id: string) =>
  EventStore.read(Account, id).pipe(
    Stream.mapAccum(() => Account.initial, (before, { event }) => {
      const account = Account.evolve(before, event)
      const { cents = "", transfer = "" } = "cents" in event ? event : {}
      return [account, [[event._tag, cents, transfer, account.balance]]] as const
    }),
    Stream.runCollect,
    Effect.flatMap((bookings) => Print.table(`Account ${id}`, ["what", "amount", "transfer", "balance"], bookings))
  )

Command.run(bank, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
