/** The demo on its embedded database. */
import { assert, layer } from "@effect/vitest"
import * as PglitePgClient from "@refold/pglite/PglitePgClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as TestDatabase from "../support/TestDatabase.ts"
import { run, scenario, start, temporaryFile, temporaryFolder, until, untilLine } from "./support/demo.ts"
import { assertKept, assertReadModels, assertSound } from "./support/log.ts"
import { type Report, report, reports } from "./support/output.ts"

/** The database in a folder, opened by this process. */
const within = (folder: string) => Effect.provide(PglitePgClient.layer({ dataDir: folder }))

/** A folder in which the demo has run without any commands: making one takes some seconds. */
class Prepared extends Context.Service<Prepared, { readonly folder: string }>()("refold/test/leads/Prepared") {
  static readonly layer = Layer.effect(
    Prepared,
    Effect.gen(function*() {
      const folder = Path.join(yield* temporaryFolder, "data")
      const { code, stderr, stdout } = yield* run(["--data", folder, yield* temporaryFile("")])
      assert.deepStrictEqual({ code, stderr, reports: reports(stdout) }, { code: 0, stderr: "", reports: [] })
      return { folder }
    })
  )
}

const copy = Effect.gen(function*() {
  const folder = Path.join(yield* temporaryFolder, "data")
  Fs.cpSync((yield* Prepared).folder, folder, { recursive: true })
  return folder
})

/**
 * Makes an append that finds as many events in the log as the file `stall` says, if there is one, create the file
 * `stalled` and never end.
 */
const prepareToStall = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create function leads_demo.stall() returns trigger language plpgsql as $$ begin
    if (select count(*) from leads_demo.events) >= pg_read_file('stall', true)::int then
      execute format('copy (select 1) to %L', current_setting('data_directory') || '/stalled');
      loop null; end loop;
    end if;
    return new;
  end $$`
  yield* sql`create trigger stall before insert on leads_demo.events for each row execute function leads_demo.stall()`
})

layer(Layer.merge(Prepared.layer, TestDatabase.layer), { excludeTestServices: true, timeout: "120 seconds" })(
  "the embedded database",
  (it) => {
    it.effect(
      "gives the same output as a server, byte for byte, and again after --reset, and the same read models",
      () =>
        Effect.gen(function*() {
          const folder = yield* copy
          const { url } = yield* TestDatabase.TestDatabase
          const [embedded, server] = yield* Effect.all([run(["--data", folder]), run(["--postgres", url])])
          assert.deepStrictEqual(embedded, server)
          assert.deepStrictEqual(yield* run(["--data", folder, "--reset"]), server)
          const log = yield* assertReadModels.pipe(within(folder), Effect.scoped)
          assertSound(log)
          assert.strictEqual(log.length, 95)
          const rest = ({ at: _, command: __, position: ___, ...entry }: typeof log[number]) => JSON.stringify(entry)
          assert.sameMembers(log.map(rest), (yield* assertReadModels).map(rest))
        }),
      60_000
    )

    it.effect(
      "loses nothing that was reported, and does nothing twice, when the demo is killed again and again",
      () =>
        Effect.gen(function*() {
          const folder = yield* copy
          yield* prepareToStall.pipe(within(folder), Effect.scoped)
          const stall = Path.join(folder, "stall")
          const stalled = Path.join(folder, "stalled")
          const all: Array<Report> = []
          /** Kills it in the middle of an append, or at a line it reports before that append. */
          const kill = Effect.fnUntraced(function*({ appendAfter, atLine }: {
            readonly appendAfter: number
            readonly atLine?: number
          }) {
            Fs.rmSync(stalled, { force: true })
            Fs.writeFileSync(stall, String(appendAfter))
            const demo = yield* start(["--data", folder])
            yield* atLine === undefined
              ? until("an append has stalled", Effect.sync(() => Fs.existsSync(stalled)))
              : untilLine(demo, atLine)
            const { code, stdout } = yield* demo.kill
            assert.isNull(code)
            all.push(...reports(stdout))
          }, Effect.scoped)

          yield* kill({ appendAfter: 3 })
          assert.deepStrictEqual(all, [])
          yield* kill({ appendAfter: 20, atLine: 3 })
          assert.include(
            all.filter(({ number }) => number < 11).map(({ text }) => text),
            "at version 1, by an earlier run that was cut short"
          )
          yield* kill({ appendAfter: 46 })
          yield* kill({ appendAfter: 90, atLine: 61 })

          Fs.rmSync(stall)
          const { code, stderr, stdout } = yield* run(["--data", folder])
          assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
          all.push(...reports(stdout))
          assert.strictEqual(new Set(all.map(({ number }) => number)).size, 121)
          const log = yield* assertReadModels.pipe(within(folder), Effect.scoped)
          assertSound(log)
          assertKept(log, all, scenario)
        }),
      120_000
    )

    it.effect("belongs to one demo at a time, and another one is told so on one line", () =>
      Effect.gen(function*() {
        const folder = yield* copy
        const first = yield* start(["--data", folder, "-"])
        yield* first.type("42\n\n")
        assert.strictEqual(report((yield* first.line)!)?.text, "Expected object")
        const { code, stderr, stdout } = yield* run(["--data", folder])
        assert.deepStrictEqual({ code, stdout }, { code: 1, stdout: "" })
        assert.match(stderr, /^PglitePgClient: the folder ".+" is in use by process \d+ on host ".+"\. .+\n$/)
        yield* first.endInput
        assert.strictEqual((yield* first.ended).stderr, "")
        const { code: then } = yield* run(["--data", folder, "--find", "nobody"])
        assert.strictEqual(then, 0)
      }), 120_000)

    it.effect("is not made of a folder that holds something else", () =>
      Effect.gen(function*() {
        const file = yield* temporaryFile("")
        assert.deepStrictEqual(yield* run(["--data", Path.dirname(file)]), {
          code: 1,
          stdout: "",
          stderr: `PglitePgClient: cannot open "${Path.dirname(file)}": it is not empty and holds no database; ` +
            "choose an empty folder\n"
        })
      }))
  }
)
