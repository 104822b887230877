/** The day at the bank that ships with the demo. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as TestDatabase from "../support/TestDatabase.ts"
import { run, temporaryFolder } from "./support/demo.ts"

/** What the demo tells after the number of a line, and the two or more spaces that keep its columns apart. */
const told = (stdout: string) =>
  new Map(
    stdout.split("\n").flatMap((line) => {
      const [, number, rest = ""] = /^ *(\d+)  (.+)$/.exec(line) ?? []
      return number === undefined ? [] : [[Number(number), rest.split(/ {2,}/)] as const]
    })
  )

layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("the scenario", (it) => {
  it.effect(
    "ends the same on an embedded database and on a server, and when it is run again nothing happens",
    () =>
      Effect.gen(function*() {
        const { url } = yield* TestDatabase.TestDatabase
        const folder = Path.join(yield* temporaryFolder, "data")
        const [embedded, server] = yield* Effect.all([run("--data", folder), run("--postgres", url)], {
          concurrency: 2
        })
        assert.deepStrictEqual({ ...server, stdout: "" }, { code: 0, stdout: "", stderr: "" })
        assert.deepStrictEqual(embedded, server)

        const again = yield* run("--postgres", url)
        const books = ({ stdout }: typeof again) => stdout.slice(stdout.indexOf("Accounts\n"))
        assert.strictEqual(books(again), books(server))
        assert.deepStrictEqual(yield* run("--postgres", url, "--reset"), server)

        const lines = told(server.stdout)
        assert.strictEqual(lines.size, 34)
        assert.deepStrictEqual(lines.get(19)?.slice(1), [
          "Debit 100.00, 100 at once",
          "1 done, 99 rejected: there is only 0.00 in the account"
        ])
        const outcomes = [...lines.values()].flatMap(([who, , outcome]) =>
          outcome === undefined ? [] : [[who, outcome.split(":")[0]]]
        )
        assert.deepStrictEqual(Object.fromEntries(outcomes.filter(([, outcome]) => outcome !== "done")), {
          "ann": "10 done",
          "zoe": "rejected",
          "jar": "1 done, 99 rejected",
          "wage-ann": "completed",
          "wage-bob": "rejected",
          "wage-dee": "completed",
          "wage-eli": "completed",
          "to-self": "rejected",
          "eli": "rejected",
          "rent-ann": "completed",
          "gift-eli": "compensated",
          "debt-zoe": "compensated",
          "car": "declined",
          "ghost": "declined",
          "lunch-ann": "completed",
          "lunch-bob": "completed",
          "lunch-dee": "completed",
          "flour": "completed"
        })

        const { stdout } = yield* run("--postgres", url, "--account", "dee")
        const rows = stdout.split("\n").filter((line) => line.startsWith("│")).slice(1)
        assert.deepStrictEqual(rows.map((row) => row.split("│").slice(1, -1).map((cell) => cell.trim())), [
          ["AccountOpened", "", "", "0.00"],
          ["Credited", "2400.00", "wage-dee", "2400.00"],
          ["Debited", "50.00", "gift-eli", "2350.00"],
          ["Refunded", "50.00", "gift-eli", "2400.00"],
          ["Debited", "9.90", "lunch-dee", "2390.10"]
        ])
      }),
    180_000
  )

  it.effect("says of a line that nobody can read what is wrong with it, and goes on", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const file = Path.join(yield* temporaryFolder, "requests.jsonl")
      Fs.writeFileSync(
        file,
        [
          `{"account": "kim", "command": {"_tag": "Open", "owner": "Kim"}}`,
          `{"account": "kim", "command": {"_tag": "Debit", "cents": -5}}`,
          `{"account": "kim", "command": {"_tag": "Refund", "cents": 5, "transfer": "x"}}`,
          `nonsense`
        ].join("\n")
      )
      const { code, stdout } = yield* run("--postgres", url, file)
      assert.strictEqual(code, 1)
      const outcomes = [...told(stdout).values()].map((columns) => columns.at(-1)?.split(":")[0])
      assert.deepStrictEqual(outcomes, ["done", "bad line", "bad line", "bad line"])
    }), 60_000)
})
