/** Runs the benchmark: see README.md beside `src`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as EmbeddedPostgres from "../../test/support/EmbeddedPostgres.ts"
import * as Pgbench from "./contenders/pgbench.ts"
import { measure, type Row } from "./measure.ts"
import { profile } from "./profile.ts"
import { toStderr } from "./progress.ts"
import * as Environment from "./report/environment.ts"
import { report } from "./report/report.ts"
import { works } from "./works/all.ts"

const keys = works.map(({ key }) => key)

const flags = {
  quick: Flag.Boolean("quick").pipe(
    Flag.withDescription("Three short rounds, under two minutes in all: to see that it runs, not to quote"),
    Flag.withDefault(false)
  ),
  rounds: Flag.Int("rounds").pipe(Flag.withDescription("How many rounds (5)"), Flag.optional),
  seconds: Flag.Finite("seconds").pipe(
    Flag.withDescription("How long a round of one contender is meant to take (2)"),
    Flag.optional
  ),
  only: Flag.Literals("only", keys).pipe(Flag.withDescription("Only this work; may be repeated"), Flag.between(0, 99)),
  json: Flag.String("json").pipe(Flag.withDescription("Also write the rows to this file, as JSON"), Flag.optional),
  results: Flag.String("results").pipe(
    Flag.withDescription("The folder for the report"),
    Flag.withDefault(Path.resolve(import.meta.dirname, "../results"))
  ),
  url: Flag.String("url").pipe(
    Flag.withDescription(
      "A PostgreSQL server to use, whose role may make databases; else one is started and thrown away"
    ),
    Flag.optional
  ),
  // those are in processes of their own
  profile: Flag.Literals("profile", keys.filter((key) => key !== "processes" && key !== "rebuild")).pipe(
    Flag.withDescription("Run only refold at this work and write a CPU profile to the folder for reports"),
    Flag.optional
  )
}

const bench = Command.make(
  "bench",
  flags,
  Effect.fnUntraced(function*(options) {
    const url = Option.isSome(options.url)
      ? options.url.value
      // the settings of the tests trade the safety of the data for speed; these are PostgreSQL's own
      : (yield* EmbeddedPostgres.make({ settings: { ...EmbeddedPostgres.durable, shared_buffers: "128MB" } })).url
    const now = yield* DateTime.now
    const instant = DateTime.formatIso(now).slice(0, 16).replace(":", "-")
    yield* Effect.sync(() => Fs.mkdirSync(options.results, { recursive: true }))

    if (Option.isSome(options.profile)) {
      const work = works.find(({ key }) => key === Option.getOrThrow(options.profile))!
      const file = Path.join(options.results, `${work.key}-${instant}.cpuprofile`)
      const seconds = Option.getOrElse(options.seconds, () => 10)
      const { clients, rate } = yield* profile(work, { url, seconds, file })
      return yield* Console.log(`${Math.round(rate)} ${work.unit} with ${clients} clients; the profile is in ${file}`)
    }

    const settings = {
      url,
      rounds: Math.max(1, Option.getOrElse(options.rounds, () => options.quick ? 3 : 5)),
      seconds: Option.getOrElse(options.seconds, () => options.quick ? 0.2 : 2)
    }
    const chosen = options.only.length === 0 ? works : works.filter(({ key }) => options.only.includes(key))
    const environment = yield* Environment.describe(url)
    const rows: Array<Row> = []
    for (const work of chosen) {
      for (const clients of work.clients) rows.push(...(yield* measure(work, clients, settings, toStderr)))
    }
    const text = report({
      title: `refold beside its peers, ${DateTime.formatIso(now).slice(0, 16).replace("T", " ")} UTC`,
      environment,
      settings,
      works: chosen,
      rows,
      notes: Pgbench.installed.length > 0 ? [] : ["pgbench is not installed here, and left out"]
    })
    const file = Path.join(options.results, `${instant}${options.quick ? "-quick" : ""}.md`)
    yield* Effect.sync(() => {
      Fs.writeFileSync(file, text)
      if (Option.isSome(options.json)) Fs.writeFileSync(options.json.value, `${JSON.stringify(rows, null, 2)}\n`)
    })
    yield* Console.log(text)
    yield* toStderr(`The report is in ${file}`)
  }, Effect.scoped)
).pipe(Command.withDescription("Runs refold beside its peers and the raw driver, and prints a table"))

Command.run(bench, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
