/** Every promise on the page names the test that proves it: the page must not outlive its tests. */
import { assert, describe, it } from "@effect/vitest"
import { readFile } from "node:fs/promises"
import { resolve } from "node:path"

const docs = resolve(import.meta.dirname, "../../docs")
const page = await readFile(resolve(docs, "guarantees.md"), "utf8")

const files = new Map(
  [...page.matchAll(/^\[(\w+)\]: (\S+)$/gm)].map(([, name = "", path = ""]) => [name, resolve(docs, path)])
)
const rows = page.split("\n").filter((line) => /^\|.*\| (all|core|PostgreSQL|PGlite)\s*\|/.test(line))
const links = [...page.matchAll(/\[([^\]]+)\]\[(\w+)\]/g)].map(([, title = "", file = ""]) => ({ title, file }))

/** What a file calls its tests. A part that is computed stands for any text; one in brackets at the end is left out. */
const titlesIn = (code: string): ReadonlyArray<RegExp> =>
  [...code.matchAll(/(?:\bit|\bdescribe|\))(?:\.\w+)*\(\s*(?:"([^"]*)"|`([^`]*)`)/g)].map(
    ([, plain, template = ""]) => {
      const parts = plain === undefined ? template.replace(/ \([^)]*\$\{.*$/, "").split(/\$\{[^}]*\}/) : [plain]
      return new RegExp(`^${parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join(".*")}$`)
    }
  )

describe("the page of guarantees", () => {
  it("names a test for every promise", () => {
    assert.isAbove(rows.length, 50)
    assert.deepStrictEqual(rows.filter((row) => !/\]\[\w+\]\s*\|$/.test(row)), [])
  })

  it("uses every file it knows, and knows every file it uses", () => {
    assert.deepStrictEqual([...files.keys()].toSorted(), [...new Set(links.map(({ file }) => file))].toSorted())
  })

  for (const [name, path] of files) {
    it(`names tests that are there: ${name}`, async () => {
      const titles = titlesIn(await readFile(path, "utf8"))
      const missing = links.filter(({ file, title }) => file === name && !titles.some((known) => known.test(title)))
      assert.deepStrictEqual(missing, [])
    })
  }
})
