/** The half year that ships with the demo, on PostgreSQL and on the embedded database. */
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as TestDatabase from "../support/TestDatabase.ts"
import { run, scenario, table } from "./support/demo.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "wallet-"))),
  (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true, force: true }))
)

/** A first run of the scenario. */
class FirstRun extends Context.Service<FirstRun, Effect.Success<ReturnType<typeof run>>>()(
  "refold/test/wallet/FirstRun"
) {
  static readonly layer = Layer.effect(
    FirstRun,
    Effect.flatMap(TestDatabase.TestDatabase, ({ url }) => run(["--postgres", url]))
  )
}

/** What was said of a line of the input, without the columns that repeat it. */
const told = (stdout: string, number: number) =>
  stdout.split("\n").find((line) => line.startsWith(`${String(number).padStart(4)}  `))?.slice(64)

const expired = (stdout: string) =>
  stdout.split("\n").filter((line) => line.includes(" expired ")).map((line) => line.trim().replaceAll(/ {2,}/g, " "))

layer(FirstRun.layer.pipe(Layer.provideMerge(TestDatabase.layer)), {
  excludeTestServices: true,
  timeout: "120 seconds"
})(
  "the scenario",
  (it) => {
    it.effect("answers every command under its line number", () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* FirstRun
        assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
        const sent = Fs.readFileSync(scenario, "utf8").split("\n").flatMap((line, index) => {
          if (!line.startsWith("{")) return []
          const { command: { _tag, at }, wallet } = JSON.parse(line)
          return [[String(index + 1), at.slice(0, 16).replace("T", " "), wallet, _tag].join(" ")]
        })
        const answered = stdout.slice(0, stdout.indexOf("\n\n")).split("\n").flatMap((line) => {
          const [number, day, time, wallet, command] = line.trim().split(/ +/)
          return command === undefined || wallet === "expired" || line.startsWith("     ")
            ? []
            : [[number, day, time, wallet, command].join(" ")]
        })
        assert.deepStrictEqual(answered, sent)
      }))

    it.effect("spends what expires first, bonus before refund, and what was bought last of all", () =>
      Effect.gen(function*() {
        const { stdout } = yield* FirstRun
        assert.strictEqual(told(stdout, 15), "bonus −5.00, wallet −10.00")
        assert.strictEqual(told(stdout, 26), "refund −5.00")
        assert.strictEqual(told(stdout, 32), "bonus −3.00, refund −25.00")
      }))

    it.effect("takes away what was not spent in time, at the instant it expires, and rejects who comes too late", () =>
      Effect.gen(function*() {
        const { stdout } = yield* FirstRun
        assert.deepStrictEqual(expired(stdout), [
          "2026-04-05 09:00 dev expired bonus −15.01",
          "2026-05-17 08:00 chloe expired bonus −3.00",
          "2026-06-08 15:45 chloe expired refund −10.00"
        ])
        assert.strictEqual(told(stdout, 44), "rejected: 15.00 are missing")
      }))

    it.effect("ends in what is to be invoiced: wallet and refund credits that were spent, and no bonus", () =>
      Effect.gen(function*() {
        const { stdout } = yield* FirstRun
        assert.deepStrictEqual(table(stdout, "Balances on 2026-06-29 17:30"), [
          ["anna", "20.10", "0.00", "0.00", "–"],
          ["bruno", "2.00", "0.00", "0.00", "–"],
          ["chloe", "0.00", "0.00", "0.00", "–"],
          ["dev", "15.00", "15.00", "0.00", "2026-09-13 08:00"]
        ])
        const invoices = table(stdout, "To be invoiced")
        assert.deepStrictEqual(invoices.slice(0, 5), [
          ["2026-01", "anna", "10.00", "0.00", "10.00"],
          ["2026-01", "chloe", "10.00", "0.00", "10.00"],
          ["2026-02", "anna", "9.90", "0.00", "9.90"],
          ["2026-02", "bruno", "25.00", "30.00", "55.00"],
          ["2026-03", "chloe", "0.00", "2.00", "2.00"]
        ])
        const spent = stdout.slice(0, stdout.indexOf("\n\n")).split("\n").filter((line) => !line.includes(" expired "))
        const sum = (amounts: Iterable<string>) =>
          Array.from(amounts).reduce((sum, text) => sum + Math.round(Number(text) * 100), 0)
        const amounts = spent.flatMap((line) =>
          Array.from(line.matchAll(/(?:wallet|refund) −(\S+\d)/g), ([, text]) => text!)
        )
        assert.strictEqual(sum(invoices.map(([, , , , text]) => text!)), sum(amounts))
      }))

    it.effect("prints the same on the embedded database, wherever the machine is", () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder
        assert.deepStrictEqual(
          yield* run(["--data", Path.join(folder, "data")], { env: { TZ: "Asia/Tokyo" } }),
          yield* FirstRun
        )
      }), 120_000)

    it.effect("is known by a further run, which goes on to see what expires", () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const { code, stdout } = yield* run(["--postgres", url, "--until", "2026-09-13"])
        assert.strictEqual(code, 0)
        assert.match(stdout, /^37 commands were handled by an earlier run/)
        const later = yield* run(["--postgres", url, "--until", "2026-09-14"])
        assert.deepStrictEqual(expired(later.stdout), ["2026-09-13 08:00 dev expired bonus −15.00"])
        assert.deepStrictEqual(table(later.stdout, "Balances on 2026-09-14 00:00").at(-1), [
          "dev",
          "15.00",
          "0.00",
          "0.00",
          "–"
        ])
        const again = yield* run(["--postgres", url, "--until", "2026-09-14"])
        assert.deepStrictEqual(expired(again.stdout), [])
        assert.deepStrictEqual(table(again.stdout, "To be invoiced"), table((yield* FirstRun).stdout, "To be invoiced"))
        assert.deepStrictEqual(yield* run(["--postgres", url, "--reset"]), yield* FirstRun)
      }), 120_000)

    it.effect(
      "ends the same way if it is killed in between: nothing is lost, and nothing is spent twice",
      () =>
        Effect.gen(function*() {
          const { url } = yield* TestDatabase.TestDatabase
          const lines = (yield* FirstRun).stdout.split("\n")
          const tables = (stdout: string) => stdout.slice(stdout.indexOf("\nBalances"))
          // while the reactor is at work for the first time, and when it has taken something away
          for (const killAfter of [5, lines.findIndex((line) => line.includes(" expired ")) + 1]) {
            const { code } = yield* run(["--postgres", url], { killAfter })
            assert.isNull(code)
          }
          const { code, stdout } = yield* run(["--postgres", url])
          assert.strictEqual(code, 0)
          assert.strictEqual(tables(stdout), tables((yield* FirstRun).stdout))
          assert.strictEqual(tables((yield* run(["--postgres", url])).stdout), tables(stdout))
        }).pipe(Effect.provide(Layer.fresh(TestDatabase.layer))),
      120_000
    )

    it.effect("says which line is no command, goes on with the next, and has failed", () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const file = Path.join(yield* temporaryFolder, "some.jsonl")
        const [first] = Fs.readFileSync(scenario, "utf8").split("\n").filter((line) => line.startsWith("{"))
        Fs.writeFileSync(file, `{"wallet": "eve", "command": {"_tag": "AddCredits", "cents": 1}}\n${first}\n`)
        const { code, stderr, stdout } = yield* run(["--postgres", url, "--reset", file])
        assert.strictEqual(code, 1)
        assert.match(stderr, /^line 1: /)
        assert.strictEqual(told(stdout, 2), "bonus +20.00")
      }), 60_000)
  }
)
