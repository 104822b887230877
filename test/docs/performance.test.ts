/** What can be watched is all on the page, and nothing else is. */
import { assert, it } from "@effect/vitest"
import { globSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { resolve } from "node:path"

const root = resolve(import.meta.dirname, "../..")
const read = (path: string) => readFile(resolve(root, path), "utf8")
const namesIn = (text: string, pattern: RegExp) =>
  [...new Set(Array.from(text.matchAll(pattern), ([, name = ""]) => name))].toSorted()

const page = await read("docs/performance.md")
const sources = await Promise.all(globSync("packages/*/src/**/*.ts", { cwd: root }).map(read))

it("the page about performance names every metric, and none that is not there", () => {
  const metrics = namesIn(sources.join("\n"), /"(refold_\w+)"/g)
  assert.isNotEmpty(metrics)
  assert.deepStrictEqual(namesIn(page, /^\| `(refold_\w+)`/gm), metrics)
})

it("the page about performance names every span and its attributes, and none that are not there", () => {
  const telemetry = sources.filter((source) => source.includes("isTraced")).join("\n")
  const spans = namesIn(telemetry, /\btraced\(\s*"(\w+)"/g).map((name) => `refold.${name}`)
  const attributes = namesIn(telemetry, /"(refold\.\w+)"/g)
  assert.isNotEmpty(spans)
  assert.deepStrictEqual(namesIn(page, /`(refold\.\w+)`/g), [...spans, ...attributes].toSorted())
})
