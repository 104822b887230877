/** The benchmark in a process of its own, started the way `npm run bench` starts it, with next to nothing to do. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { execFile } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { inject } from "vitest"

const root = Path.resolve(import.meta.dirname, "../..")

const Rows = Schema.fromJsonString(Schema.Array(Schema.Struct({
  work: Schema.String,
  contender: Schema.String,
  clients: Schema.Int,
  median: Schema.Finite,
  min: Schema.Finite,
  max: Schema.Finite,
  unit: Schema.String,
  p99: Schema.optionalKey(Schema.Finite),
  memory: Schema.optionalKey(Schema.Struct({ events: Schema.Int, rss: Schema.Int, heap: Schema.Int }))
})))

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "refold-bench-"))),
  (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true }))
)

const size = ["--rounds", "1", "--seconds", "0.02", "--url", inject("postgresUrl")]

/** Runs it to its end and returns what it printed. */
const bench = (args: ReadonlyArray<string>) =>
  Effect.callback<string, Error>((resume) => {
    const options = { cwd: root, timeout: 120_000 }
    const child = execFile(
      process.execPath,
      ["--conditions=@refold/source", "bench/src/main.ts", ...args],
      options,
      (error, stdout, stderr) =>
        resume(error === null ? Effect.succeed(stdout) : Effect.fail(new Error(`${error.message}\n${stderr}`)))
    )
    return Effect.sync(() => child.kill())
  })

it.live(
  "measures every contender of a work, checks what they stored, and writes a report and rows",
  () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const json = Path.join(folder, "rows.json")
      const printed = yield* bench([
        ...size,
        "--only",
        "append-one",
        "--only",
        "memory",
        "--results",
        folder,
        "--json",
        json
      ])

      const rows = yield* Schema.decodeEffect(Rows)(Fs.readFileSync(json, "utf8"))
      assert.deepStrictEqual(rows.map(({ clients, contender, work }) => [work, contender, clients]), [
        ["append-one", "refold", 16],
        ["append-one", "emmett", 16],
        ["append-one", "insert", 16],
        ["append-one", "coalesced", 16],
        ["memory", "refold", 16],
        ["memory", "emmett", 16],
        ["memory", "array", 16]
      ])
      for (const { max, median, min } of rows) assert.isTrue(0 < min && min <= median && median <= max)

      const [report] = Fs.readdirSync(folder).filter((name) => name.endsWith(".md"))
      assert.strictEqual(Fs.readFileSync(Path.join(folder, report!), "utf8").trim(), printed.trim())
      assert.include(printed, "Against the floors")
    }),
  60_000
)

it.live(
  "measures those who read logs, follow them and rebuild from them",
  () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const json = Path.join(folder, "rows.json")
      const works = ["read-log", "counter", "latency-500", "rebuild"]
      const printed = yield* bench([
        ...size,
        "--results",
        folder,
        "--json",
        json,
        ...works.flatMap((work) => ["--only", work])
      ])

      const rows = yield* Schema.decodeEffect(Rows)(Fs.readFileSync(json, "utf8"))
      assert.deepStrictEqual(rows.map(({ contender, work }) => [work, contender]), [
        ["read-log", "refold"],
        ["read-log", "refold, no decoding"],
        ["read-log", "emmett"],
        ["read-log", "emmett, tuned"],
        ["read-log", "pages"],
        ["counter", "refold"],
        ["counter", "emmett"],
        ["counter", "emmett, tuned"],
        ["counter", "upsert"],
        ["counter", "one statement"],
        ["latency-500", "refold, subscribe"],
        ["latency-500", "refold, projection"],
        ["latency-500", "emmett"],
        ["latency-500", "emmett, tuned"],
        ["latency-500", "listen"],
        ["rebuild", "refold, whole log"],
        ["rebuild", "refold, three tenths"],
        ["rebuild", "refold, a tenth"],
        ["rebuild", "upsert, whole log"]
      ])
      for (const { max, median, min, p99 = max } of rows) {
        assert.isTrue(0 <= min && min <= median && median <= p99 && p99 <= max)
      }
      assert.deepStrictEqual(
        rows.filter(({ work }) => work === "rebuild").map(({ memory }) => memory?.events),
        [10_000, 3_000, 1_000, 10_000]
      )
      for (const { memory } of rows) {
        if (memory !== undefined) assert.isTrue(0 < memory.heap && memory.heap < memory.rss)
      }
      assert.include(printed, "Against the ceilings")
    }),
  120_000
)
