/** The command in a process of its own, as people start it. */
import { assert, describe, it } from "@effect/vitest"
import { Lead } from "@refold/example-leads/Lead"
import * as ConflictMatrix from "@refold/vitest/ConflictMatrix"
import { execFile } from "node:child_process"
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll } from "vitest"

const root = resolve(import.meta.dirname, "../..")
const folder = await mkdtemp(join(tmpdir(), "refold-conflicts-"))
afterAll(() => rm(folder, { recursive: true, force: true }))

const run = (...args: ReadonlyArray<string>) =>
  new Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }>((done) => {
    const command = join(root, "packages/vitest/src/bin/refoldConflicts.ts")
    const options = { cwd: root, env: { ...process.env, NO_COLOR: "1" } }
    execFile(
      process.execPath,
      ["--conditions=@refold/source", command, ...args],
      options,
      (error, stdout, stderr) => done({ code: error?.code ?? 0, stdout, stderr })
    )
  })

const matrix = ConflictMatrix.make(Lead.conflicts, { title: "Lead" })

describe("refold-conflicts", () => {
  it("prints the matrix of an aggregate, what was seen of it, and what the laws ask for", async () => {
    const { code, stderr, stdout } = await run("examples/leads", "--histories", "200", "--seed", "7")
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
    const parts = [
      "5 FollowupSet        (·)  ·   ·   ×°  ×",
      "Lead, seed \"7\": 200 histories",
      "StatusChanged after FollowupSet collides; in",
      "  FollowupSet: { collides: [\"FollowupSet\"], redecides: [\"StatusChanged\"] }"
    ]
    const places = parts.map((part) => stdout.indexOf(part))
    assert.notInclude(places, -1)
    assert.deepStrictEqual(places, places.toSorted((a, b) => a - b))
    assert.strictEqual((await run("examples/leads", "--histories", "200", "--seed", "7")).stdout, stdout)
  })

  it("explains a table that is not true, says which would be, and fails", async () => {
    const { code, stderr, stdout } = await run("test/laws/domains/stock.ts", "--histories", "200")
    assert.deepStrictEqual({ code, stderr }, { code: 1, stderr: "" })
    assert.include(stdout, "Received is declared to commute with ReorderRequested, but the order matters.")
    assert.include(stdout, "  Received: { collides: [\"ReorderRequested\", \"Counted\"] },")
  })

  it("finds the aggregates of a folder, and does not run what else is in it", async () => {
    const { stdout } = await run("test/laws", "--markdown")
    assert.strictEqual(stdout.match(/mine, after theirs/g)?.length, 5)
  })

  it("draws one picture, or one for each", async () => {
    const one = join(folder, "lead.svg")
    const { code, stdout } = await run("examples/leads/src/Lead.ts", "--svg", one)
    assert.deepStrictEqual({ code, stdout }, { code: 0, stdout: `Lead: drawn into ${one}\n` })
    assert.strictEqual(await readFile(one, "utf8"), ConflictMatrix.toSvg(matrix))
    await run("test/laws/domains", "--svg", join(folder, "table.svg"))
    assert.deepStrictEqual(
      (await readdir(folder)).filter((name) => name.startsWith("table")).toSorted(),
      ["BankAccount", "Document", "Invoice", "Seats", "Stock"].map((name) => `table-${name}.svg`)
    )
  })

  it("puts the table into a page, in place of the one that is there, and leaves the rest as it is", async () => {
    const page = join(folder, "page.md")
    const table = ConflictMatrix.toMarkdown(matrix)
    for (const old of ["", "\n\n| old |\n| --- |\n| ---"]) {
      await writeFile(page, `before\n\n<!-- matrix: Lead -->${old}\n\nafter\n\n| other |\n`)
      const expected = `before\n\n<!-- matrix: Lead -->\n\n${table}\n\nafter\n\n| other |\n`
      const { stdout } = await run("examples/leads", "--write", page)
      assert.strictEqual(stdout, `Lead: written into ${page}\n`)
      assert.strictEqual(await readFile(page, "utf8"), expected)
    }
    assert.strictEqual((await run("examples/leads", "--write", page)).stdout, `Lead: is up to date in ${page}\n`)
    await writeFile(page, "nothing")
    const { code, stderr } = await run("examples/leads", "--write", page)
    assert.strictEqual(code, 1)
    assert.include(stderr, `${page} does not say where: put <!-- matrix: Lead --> there`)
  })

  for (
    const [what, content, message] of [
      ["is not there", undefined, "cannot be read: ENOENT"],
      ["cannot be loaded", "throw new Error(\"not today\")", "cannot be loaded: not today"],
      ["has no aggregate", "export const lead = { category: \"Lead\" }", "No aggregate is exported by"]
    ] as const
  ) {
    it(`says so if a module ${what}`, async () => {
      const file = join(folder, `${what.replaceAll(" ", "-")}.mjs`)
      if (content !== undefined) await writeFile(file, content)
      const { code, stderr, stdout } = await run(file)
      assert.deepStrictEqual({ code, stdout }, { code: 1, stdout: "" })
      assert.include(stderr, message)
    })
  }

  it("says so if a folder has none", async () => {
    const { code, stderr } = await run("docs")
    assert.strictEqual(code, 1)
    assert.include(stderr, "No module in docs defines an aggregate with Aggregate.make")
  })

  it("knows its version and helps", async () => {
    assert.match((await run("--version")).stdout, /\d+\.\d+\.\d+/)
    assert.include((await run("--help")).stdout, "--histories")
    const { code, stderr } = await run("docs", "--histories", "0")
    assert.strictEqual(code, 1)
    assert.include(stderr, "there must be one at least")
  })
})
