/** What a user sees who runs vitest on golden events, release after release. */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll } from "vitest"

const root = resolve(import.meta.dirname, "../..")
const run = promisify(execFile)

const releases = {
  first: `EventCodec.make(Schema.TaggedUnion({ Deposited: { amount: Schema.Literal(5) } }))`,
  careless: `EventCodec.make(Schema.TaggedUnion({ Deposited: { cents: Schema.Literal(500) } }))`,
  second: `EventCodec.make(Schema.TaggedUnion({ Deposited: { cents: Schema.Literals([500, 600]) } }), {
    earlier: { Deposited: Upcast.from(1, { amount: Schema.Literal(5) }).toCurrent(2, () => ({ cents: 500 })) }
  })`,
  third: `EventCodec.make(Schema.TaggedUnion({ Deposited: { cents: Schema.Literals([500, 600]) } }), {
    earlier: { Deposited: Upcast.from(1, { amount: Schema.Literal(5) }).toCurrent(2, () => ({ cents: 600 })) }
  })`
}

describe("golden events, run by vitest", () => {
  let folder = ""
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "refold-golden-"))
    await mkdir(join(folder, "test"))
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }))
    await symlink(join(root, "node_modules"), join(folder, "node_modules"), "junction")
    await copyFile(join(import.meta.dirname, "fixtures/vitest.config.ts"), join(folder, "vitest.config.ts"))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** Runs the tests of a release; `undefined` if they pass, else what is printed. */
  const fails = async (release: keyof typeof releases, where: "CI" | "here", ...args: ReadonlyArray<string>) => {
    await writeFile(
      join(folder, "test/account.test.ts"),
      `import { describeGoldenEvents } from "@refold/vitest/DescribeGoldenEvents"
      import * as Schema from "effect/Schema"
      import { EventCodec, Upcast } from "refold"
      const codec = ${releases[release]}
      describeGoldenEvents({ category: "Account", codec }, { file: "golden/account.json" })`
    )
    const vitest = join(root, "node_modules/vitest/vitest.mjs")
    const { CI: _, VITEST: __, ...env } = process.env
    return run(process.execPath, [vitest, "run", "--no-color", ...args], {
      cwd: folder,
      env: { ...env, NO_COLOR: "1", ...where === "CI" ? { CI: "true" } : {} }
    }).then(() => undefined, ({ stderr, stdout }: { stderr: string; stdout: string }) => stdout + stderr)
  }
  const file = () => readFile(join(folder, "test/golden/account.json"), "utf8")

  it("are recorded, held against the code, and recorded anew when told to", async () => {
    assert.match((await fails("first", "CI")) ?? "", /version 1 of "Deposited" is not recorded yet/)
    assert.isUndefined(await fails("first", "here"))
    const before = await file()
    assert.isUndefined(await fails("first", "CI"))

    const careless = (await fails("careless", "here", "-u")) ?? ""
    assert.match(careless, /version 1 of "Deposited" cannot be read: \{"amount":5\}/)
    assert.match(careless, /add the old one as an earlier version/)
    assert.strictEqual(await file(), before)

    assert.match((await fails("second", "here")) ?? "", /version 2 of "Deposited" is not recorded yet[^]*vitest -u/)
    assert.strictEqual(await file(), before)
    assert.isUndefined(await fails("second", "here", "-u"))
    assert.deepStrictEqual(JSON.parse(await file()), {
      Deposited: {
        1: [{ data: { amount: 5 }, readAs: { _tag: "Deposited", cents: 500 } }],
        2: [{ data: { cents: 500 } }, { data: { cents: 600 } }]
      }
    })

    const third = (await fails("third", "CI")) ?? ""
    assert.match(third, /\{"amount":5\}, which was read as \{"_tag":"Deposited","cents":500\}, is now /)
    assert.match(third, /-\s+"cents": 500\n\s*\+\s+"cents": 600/)
  }, 120_000)
})
