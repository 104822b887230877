import { assert, layer } from "@effect/vitest"
import { PgEventStore } from "@refold/sql-pg"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { EventStore } from "refold/EventStore"
import { Tenant } from "refold/StreamId"
import { credited, freshId, makeAccount } from "../postgres/fixtures/domain.ts"
import * as TestDatabase from "../support/TestDatabase.ts"
import { following, refold, temporaryFolder } from "./support.ts"

/** A store with three events of one tenant and one of another, in a schema of its own. */
const made = Effect.gen(function*() {
  const { url } = yield* TestDatabase.TestDatabase
  const schema = `s${freshId().replaceAll("-", "")}`
  const account = makeAccount("Account")
  const context = yield* Layer.build(Layer.fresh(PgEventStore.layer({ schema })))
  const append = (stream: string, ...cents: ReadonlyArray<number>) =>
    Effect.provide(
      EventStore.use((store) => store.append(account, stream, cents.map(credited), { metadata: { actor: "Ann" } })),
      context
    )
  yield* append("a-1", 1, 2)
  yield* append("b", 3)
  yield* Effect.provideService(append("c", 4), Tenant, "acme")
  const there = ["--postgres", url, "--schema", schema]
  const lines = (...args: ReadonlyArray<string>) =>
    Effect.map(refold([...args, ...there]), ({ code, stderr, stdout }) => {
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      return stdout === "" ? [] : stdout.trimEnd().split("\n")
    })
  return { append, lines, schema, there, url }
})

const json = (line: string | undefined): Record<string, unknown> => JSON.parse(line ?? "")

layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("refold", (it) => {
  it.effect(
    "streams shows each with its version, those of a tenant, a category or a pattern if they are asked for",
    () =>
      Effect.gen(function*() {
        const { lines } = yield* made
        const all = yield* lines("streams")
        assert.deepStrictEqual(all.map((line) => line.split(/ +/).slice(1)), [
          ["1", "acme/Account-c"],
          ["2", "Account-a-1"],
          ["1", "Account-b"]
        ])
        assert.deepStrictEqual((yield* lines("streams", "--tenant", "acme")).length, 1)
        assert.deepStrictEqual((yield* lines("streams", "--category", "Lead")).length, 0)
        const [only] = yield* lines("streams", "--like", "a%", "--json")
        assert.deepInclude(json(only), { tenant: "default", category: "Account", id: "a-1", version: 2 })
      }),
    60_000
  )

  it.effect("events shows them in the order of the log, and only what is asked for", () =>
    Effect.gen(function*() {
      const { lines } = yield* made
      const all = yield* lines("events")
      assert.strictEqual(all.length, 4)
      assert.match(all[0] ?? "", /^ +1 +\S+Z +Account-a-1 v1 +Credited +\{"cents":1\} +\{"actor":"Ann"\}$/)
      assert.match(all[3] ?? "", /acme\/Account-c v1/)
      const some = yield* lines("events", "--stream", "Account-a-1", "--after", "1", "--type", "Credited", "--json")
      assert.strictEqual(some.length, 1)
      assert.deepInclude(json(some[0]), {
        position: 2,
        stream: "a-1",
        version: 2,
        type: "Credited",
        data: { cents: 2 }
      })
      assert.strictEqual((yield* lines("events", "--limit", "2")).length, 2)
      assert.deepStrictEqual(yield* lines("events", "--type", "Debited"), [])
    }), 60_000)

  it.effect("events --follow goes on with what is appended", () =>
    Effect.gen(function*() {
      const { append, there } = yield* made
      const { line } = yield* following(["events", "--follow", "--after", "3", "--json", ...there])
      assert.deepInclude(json(yield* line), { position: 4 })
      yield* append("b", 5)
      assert.deepInclude(json(yield* line), { position: 5, version: 2, data: { cents: 5 } })
    }))

  it.effect(
    "export and import take all events to an embedded database, and back again the same",
    () =>
      Effect.gen(function*() {
        const { there } = yield* made
        const folder = yield* temporaryFolder
        const file = Path.join(folder, "events.jsonl")
        const data = ["--data", Path.join(folder, "data")]
        assert.deepInclude(yield* refold(["export", file, ...there]), { code: 0 })
        assert.deepStrictEqual(Fs.readdirSync(folder), ["events.jsonl"])
        const imported = yield* refold(["import", file, ...data])
        assert.deepStrictEqual(imported, { code: 0, stdout: "4 events are in the schema refold\n", stderr: "" })
        const again = yield* refold(["export", ...data])
        assert.strictEqual(again.stdout, Fs.readFileSync(file, "utf8"))
        const twice = yield* refold(["import", file, ...there])
        assert.strictEqual(twice.code, 1)
        assert.match(twice.stderr, /has events already/)
      }),
    120_000
  )

  it.effect("import says what is wrong with a file, and leaves nothing behind", () =>
    Effect.gen(function*() {
      const { url } = yield* made
      const there = ["--postgres", url, "--schema", "damaged"]
      const { code, stderr } = yield* refold(["import", "-", ...there], { input: "{\"position\":1}\n" })
      assert.strictEqual(code, 1)
      assert.match(stderr, /The archive is damaged, line 1: it does not begin with .*; nothing was stored/)
      assert.strictEqual((yield* refold(["events", ...there])).stdout, "")
    }), 60_000)

  it.effect(
    "migrate prints the SQL, or makes the tables, without which everything else says what to do",
    () =>
      Effect.gen(function*() {
        const { url } = yield* made
        const there = ["--schema", "other"]
        const env = { DATABASE_URL: url }
        const { stdout } = yield* refold(["migrate", "--print", ...there], { env: {} })
        assert.match(stdout, /^begin;[^]*create table "other"\.events[^]*commit;\n/)
        const missing = yield* refold(["streams", ...there], { env })
        assert.strictEqual(missing.code, 1)
        assert.match(missing.stderr, /run `refold migrate`/)
        assert.strictEqual((yield* refold(["migrate", ...there], { env })).stdout, "The schema other is up to date\n")
        assert.deepInclude(yield* refold(["streams", ...there], { env }), { code: 0, stdout: "" })
      }),
    60_000
  )

  it.effect("asks which database if it is not told, and does not make a folder in order to look into it", () =>
    Effect.gen(function*() {
      const folder = Path.join(yield* temporaryFolder, "missing")
      const nowhere = yield* refold(["events"])
      assert.strictEqual(nowhere.code, 1)
      assert.match(nowhere.stderr, /^Which database\? --postgres URL, --data FOLDER/)
      const missing = yield* refold(["events", "--data", folder])
      assert.strictEqual(missing.code, 1)
      assert.match(missing.stderr, /There is no folder/)
      assert.isFalse(Fs.existsSync(folder))
    }))
})
