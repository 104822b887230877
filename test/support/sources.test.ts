import { assert, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { resolve } from "node:path"

it("the sources of all packages can be loaded by node itself, which takes less for TypeScript than the compiler", () => {
  const packages = ["refold", "@refold/sql-pg", "@refold/pglite", "@refold/vitest", "@refold/cli"]
  const load = `await Promise.all(${JSON.stringify(packages)}.map((name) => import(name)))`
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--conditions=@refold/source", "--input-type=module", "--eval", load],
    { cwd: resolve(import.meta.dirname, ".."), encoding: "utf8" }
  )
  assert.strictEqual(status, 0, stderr)
})
