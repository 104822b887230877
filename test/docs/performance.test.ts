/** What can be watched is all on the page, and nothing else is. */
import { assert, it } from "@effect/vitest"
import { globSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { resolve } from "node:path"

const root = resolve(import.meta.dirname, "../..")
const read = (path: string) => readFile(resolve(root, path), "utf8")
const namesIn = (text: string, pattern: RegExp) =>
  [...new Set(Array.from(text.matchAll(pattern), ([, name = ""]) => name))].toSorted()

it("the page about performance names every metric, and none that is not there", async () => {
  const sources = await Promise.all(globSync("packages/*/src/**/*.ts", { cwd: root }).map(read))
  const metrics = namesIn(sources.join("\n"), /"(refold_\w+)"/g)
  assert.isNotEmpty(metrics)
  assert.deepStrictEqual(namesIn(await read("docs/performance.md"), /^\| `(refold_\w+)`/gm), metrics)
})
