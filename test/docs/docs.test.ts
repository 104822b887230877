import { assert, describe, it } from "@effect/vitest"
import { Lead } from "@refold/example-leads/Lead"
import * as ConflictMatrix from "@refold/vitest/ConflictMatrix"
import { execFile } from "node:child_process"
import { existsSync, globSync } from "node:fs"
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, dirname, join, resolve } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll } from "vitest"
import { parse } from "./snippets.ts"

const root = resolve(import.meta.dirname, "../..")
const generated = await mkdtemp(join(tmpdir(), "refold-docs-"))
const pages = await Promise.all(
  ["README.md", ...globSync("docs/*.md", { cwd: root }).toSorted()].map(async (path) => {
    const text = await readFile(join(root, path), "utf8")
    return { path, text, folder: join(generated, basename(path, ".md")), ...parse(text) }
  })
)

const run = promisify(execFile)
const programFile = (line: number) => `line${line}.ts`

/** Of a file, as Vitest writes it down. */
interface TestResult {
  readonly name: string
  readonly status: string
  readonly message: string
  readonly assertionResults: ReadonlyArray<{ readonly failureMessages: ReadonlyArray<string> }>
}

describe("every snippet of the documentation", () => {
  beforeAll(async () => {
    await symlink(join(root, "node_modules"), join(generated, "node_modules"), "junction")
    for (const { folder, modules, programs } of pages) {
      await mkdir(folder, { recursive: true })
      for (const [name, code] of modules) await writeFile(join(folder, name), code)
      for (const { code, line } of programs) await writeFile(join(folder, programFile(line)), `${code}\nexport {}\n`)
    }
    await writeFile(join(generated, "package.json"), JSON.stringify({ type: "module" }))
    await writeFile(
      join(generated, "tsconfig.json"),
      JSON.stringify({
        extends: join(root, "tsconfig.base.json"),
        compilerOptions: { composite: false, noEmit: true, types: ["node"] },
        include: ["."]
      })
    )
    await writeFile(
      join(generated, "vitest.config.ts"),
      `const conditions = ["@refold/source", "node", "import", "default"]
      export default { resolve: { conditions }, ssr: { resolve: { conditions } } }`
    )
  })

  afterAll(() => rm(generated, { recursive: true, force: true }))

  it("has a type", async () => {
    const tsc = join(root, "node_modules/typescript/bin/tsc")
    const { stdout } = await run(process.execPath, [tsc, "-p", generated]).catch((error: { stdout: string }) => error)
    assert.strictEqual(stdout, "")
  })

  it("passes, if it is a test", async () => {
    const tests = pages.flatMap(({ folder, modules }) =>
      [...modules.keys()].filter((module) => module.endsWith(".test.ts")).map((module) => ({
        name: `${basename(folder)}/${module}`,
        status: "passed",
        complaints: ""
      }))
    )
    const vitest = join(root, "node_modules/vitest/vitest.mjs")
    const args = ["run", "--root", generated, "--reporter=json", "--outputFile=results.json"]
    // what a first run writes is not there yet, wherever this runs
    const { CI: _, ...env } = process.env
    await run(process.execPath, [vitest, ...args], { cwd: generated, env }).catch(() => undefined)
    const { testResults }: { readonly testResults: ReadonlyArray<TestResult> } = JSON.parse(
      await readFile(join(generated, "results.json"), "utf8")
    )
    const found = testResults.map(({ assertionResults, message, name, status }) => ({
      name: `${basename(dirname(name))}/${basename(name)}`,
      status,
      complaints: [message, ...assertionResults.flatMap(({ failureMessages }) => failureMessages)].join("")
    }))
    assert.sameDeepMembers(found, tests)
  }, 60_000)

  for (const { folder, path, programs, strays, text } of pages) {
    it(`is a module or a program: ${path}`, () => assert.deepStrictEqual(strays, []))

    it(`leads to what is there: ${path}`, () => {
      const links = Array.from(text.matchAll(/\]\(([^):#]+)\)/g), ([, link = ""]) => link)
      assert.deepStrictEqual(links.filter((link) => !existsSync(resolve(root, dirname(path), link))), [])
    })

    it(`prints what the page says: ${path}`, async () => {
      for (const { line, output } of programs) {
        const args = ["--conditions=@refold/source", programFile(line)]
        const { stderr, stdout } = await run(process.execPath, args, {
          cwd: folder,
          env: { ...process.env, NO_COLOR: "1" }
        })
        assert.strictEqual(stdout + stderr, output ?? "", `${path}:${line}`)
      }
    }, 120_000)
  }
})

describe("the conflict matrix of the leads example", () => {
  const matrix = ConflictMatrix.make(Lead.conflicts, { title: Lead.category })
  const renew = "is not up to date: npm run conflicts -- examples/leads"

  it("is the table of the README", async () => {
    const readme = await readFile(join(root, "README.md"), "utf8")
    const table = `<!-- matrix: Lead -->\n\n${ConflictMatrix.toMarkdown(matrix)}\n\n`
    assert.isTrue(readme.includes(table), `README.md ${renew} --write README.md`)
  })

  it("is the picture of the page on conflicts", async () => {
    const picture = await readFile(join(root, "docs/leads.svg"), "utf8")
    assert.isTrue(picture === ConflictMatrix.toSvg(matrix), `docs/leads.svg ${renew} --svg docs/leads.svg`)
  })
})
