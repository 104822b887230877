/** Four salespeople edit the same leads: `npm run demo -- --help`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as PgClient from "@effect/sql-pg/PgClient"
import { PglitePgClient } from "@refold/pglite"
import { PgEventStore } from "@refold/sql-pg"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Path from "node:path"
import { type Aggregate, type EventSource, Projection } from "refold"
import { batches } from "./input.ts"
import { Lead } from "./Lead.ts"
import * as Print from "./print.ts"
import * as LeadList from "./readModels/LeadList.ts"
import * as LeadSearch from "./readModels/LeadSearch.ts"
import * as StatusLog from "./readModels/StatusLog.ts"
import * as RunCommands from "./runCommands.ts"

const here = Path.resolve(import.meta.dirname, "..")

const flags = {
  file: Argument.String("file").pipe(
    Argument.withDescription("Commands as JSON lines; - reads them from standard input"),
    Argument.withDefault(Path.join(here, "scenario/morning.jsonl"))
  ),
  data: Flag.String("data").pipe(
    Flag.withDescription("The folder of the embedded database"),
    Flag.withDefault(Path.join(here, ".data"))
  ),
  postgres: Flag.Redacted("postgres").pipe(
    Flag.withDescription("The URL of a PostgreSQL server to use instead; all is kept in the schema leads_demo"),
    Flag.optional
  ),
  reset: Flag.Boolean("reset").pipe(Flag.withDescription("Forget everything and start over"), Flag.withDefault(false)),
  lead: Flag.String("lead").pipe(Flag.withDescription("Only show this lead, as it is now or as it was"), Flag.optional),
  at: Flag.String("at").pipe(
    Flag.withDescription("With --lead: a version (3) or an instant (2026-11-22T09:30:00Z)"),
    Flag.optional
  ),
  find: Flag.String("find").pipe(Flag.withDescription("Only search for a name, e-mail or phone"), Flag.optional)
}

const leads = Command.make("leads", flags, ({ at, data, file, find, lead, postgres, reset }) => {
  const database = Option.match(postgres, {
    onNone: () => PglitePgClient.layer({ dataDir: data }),
    onSome: (url) => PgClient.layer({ url: Redacted.make(Redacted.value(url)) })
  })
  const program = Option.isSome(lead)
    ? showLead(lead.value, Option.getOrUndefined(at))
    : Option.isSome(at)
    ? Print.problem("--at goes with --lead")
    : Option.isSome(find)
    ? Print.search(find.value)
    : runFile(file)
  return prepare(reset).pipe(
    Effect.andThen(Effect.provide(program, PgEventStore.layer({ schema: "leads_demo" }))),
    Effect.provide(database),
    Effect.catch((error) => Effect.andThen(Print.problem(Print.describe(error)), Effect.fail(new Told())))
  )
}).pipe(Command.withDescription("Runs the commands of several salespeople and shows what became of the leads"))

/** Ends the program, whoever may still be typing; the user knows why. */
class Told extends Data.TaggedError("Told")<{}> {
  override readonly [Runtime.errorReported] = false
}

const prepare = Effect.fnUntraced(function*(reset: boolean) {
  const sql = yield* SqlClient.SqlClient
  if (reset) yield* sql`drop schema if exists leads_demo cascade`
  yield* sql`create schema if not exists leads_demo`
  for (const table of [LeadSearch.table, StatusLog.table, RunCommands.table]) {
    yield* sql.unsafe(table)
  }
})

const runFile = Effect.fnUntraced(function*(file: string) {
  const commands = file === "-" ? yield* typedCommands : yield* fileCommands(file)
  const counts = yield* RunCommands.runAll(
    Stream.mapError(commands, (cause) => new UnreadableInput({ message: `${file} cannot be read`, cause }))
  )
  yield* catchUp(LeadList.view)
  yield* catchUp(LeadSearch.projection, 2)
  yield* catchUp(StatusLog.projection, 2)
  yield* Print.summary(counts)
  yield* Print.readModels
  if (counts.has("bad line") || counts.has("failed")) process.exitCode = 1
})

/** Who was killed at it keeps others waiting for no longer than its lease. */
const catchUp = <Sources extends EventSource.EventSources, E, R>(
  projection: Projection.Projection<Sources, E, R>,
  partitions = 1
) =>
  Effect.catchReason(
    Projection.catchUp(projection, { partitions, lease: "1 second" }),
    "EventStoreError",
    "UnreadableEvent",
    (reason) => Print.problem(`${projection.name} is not up to date: ${reason.message}`)
  )

class UnreadableInput
  extends Data.TaggedError("UnreadableInput")<{ readonly message: string; readonly cause: unknown }>
{}

const fileCommands = (file: string) =>
  Effect.map(FileSystem.FileSystem, (fs) => batches(Stream.decodeText(fs.stream(file)), { seed: "", maxBatch: 64 }))

/** What is typed is new each time, and somebody who types wants to see what became of it at once. */
const typedCommands = Effect.gen(function*() {
  const { stdin, stdinIsTerminal } = yield* Stdio.Stdio
  const maxBatch = (yield* stdinIsTerminal) ? 1 : 64
  return batches(Stream.decodeText(stdin), { seed: crypto.randomUUID(), maxBatch })
})

const showLead = Effect.fnUntraced(function*(id: string, at: string | undefined) {
  const moment = at === undefined ? Option.some({}) : parseMoment(at)
  if (Option.isNone(moment)) {
    return yield* Print.problem(`--at takes a version (3) or an instant (2026-11-22T09:30:00Z), not "${at}"`)
  }
  const { state, version } = yield* Lead.load(id, moment.value)
  return yield* state === null
    ? Print.problem(`There is no lead ${id}${at === undefined ? "" : ` at ${at}`}`)
    : Print.lead(id, version, state)
})

/** JavaScript reads much more as a date, and a time without a zone as local. */
const instantPattern = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/

const parseMoment = (text: string): Option.Option<Aggregate.LoadOptions> =>
  /^\d+$/.test(text)
    ? Option.some({ version: Number(text) })
    : Option.filter(Option.some(text), (text) => instantPattern.test(text)).pipe(
      Option.flatMap(DateTime.make),
      Option.map((instant) => ({ at: DateTime.toUtc(instant) }))
    )

// Whoever reads a pipe may have seen enough.
process.stdout.on("error", (error) => {
  if ("code" in error && error.code === "EPIPE") process.exit(1)
  throw error
})

Command.run(leads, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
