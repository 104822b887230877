/**
 * Packs every package and checks the tarballs as a user of them would get them: what is in them, how they resolve,
 * that every public module type-checks and loads from a project of its own, without the sources.
 */
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"

// Below node_modules, so that the packed packages find their dependencies there.
const consumer = Path.resolve("node_modules/.cache/packed")

const run = (command: string, args: ReadonlyArray<string>, cwd = "."): string => {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    shell: process.platform === "win32"
  })
  if (error !== undefined || status !== 0) {
    console.error(`${command} ${args.join(" ")}\n${error?.message ?? ""}${stdout}${stderr}`)
    process.exit(1)
  }
  return stdout
}

interface Packed {
  readonly filename: string
  readonly name: string
  readonly files: ReadonlyArray<{ readonly path: string }>
}

/** The public modules, as the last part of their import. */
const entriesOf = ({ files }: Packed): ReadonlyArray<string> =>
  files.flatMap(({ path }) => {
    const module = /^src\/(\w+)\.ts$/.exec(path)?.[1]
    return module === undefined ? [] : [module === "index" ? "" : `/${module}`]
  })

/** What is wrong with the list of files. */
const complaints = ({ files, name }: Packed): ReadonlyArray<string> => {
  const paths = new Set(files.map(({ path }) => path))
  const sources = [...paths].flatMap((path) => /^src\/(.*)\.ts$/.exec(path)?.[1] ?? [])
  const outputs = [".js", ".js.map", ".d.ts", ".d.ts.map"]
  const expected = new Set([
    "package.json",
    "README.md",
    "LICENSE",
    ...sources.flatMap((source) => [`src/${source}.ts`, ...outputs.map((extension) => `dist/${source}${extension}`)])
  ])
  return [
    ...[...expected].filter((path) => !paths.has(path)).map((path) => `${name}: ${path} is missing`),
    ...[...paths].filter((path) => !expected.has(path)).map((path) => `${name}: ${path} should not be published`),
    ...sources.filter((path) => /test/i.test(path)).map((path) => `${name}: src/${path}.ts is a test`)
  ]
}

Fs.rmSync(consumer, { force: true, recursive: true })
Fs.mkdirSync(consumer, { recursive: true })

const packages = Fs.readdirSync("packages").filter((name) => Fs.existsSync(`packages/${name}/package.json`))
const packed: ReadonlyArray<Packed> = packages.map((folder) => {
  const output = run("npm", ["pack", "--json", "--pack-destination", consumer], `packages/${folder}`)
  const parsed: Record<string, Packed> | Array<Packed> = JSON.parse(output)
  const [result] = Object.values(parsed)
  if (result === undefined) throw new Error(`npm pack says ${output}`)
  return result
})

const wrong = packed.flatMap(complaints)
if (wrong.length > 0) {
  console.error(wrong.join("\n"))
  process.exit(1)
}

for (const item of packed) {
  const { filename, name } = item
  const tarball = Path.join(consumer, filename)
  run("publint", ["run", tarball, "--strict"])
  // The packages are ES modules only, by intent: `require` of an old Node.js and its resolution are left out.
  // The modules are named because it skips what an export with a wildcard stands for.
  const entries = entriesOf(item).map((entry) => `.${entry}`)
  run("attw", [tarball, "--profile", "esm-only", "--no-definitely-typed", "--entrypoints", ...entries])

  const target = Path.join(consumer, "node_modules", name)
  Fs.mkdirSync(target, { recursive: true })
  run("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"])
}

const modules = packed.flatMap((item) => entriesOf(item).map((entry) => `${item.name}${entry}`))
Fs.writeFileSync(Path.join(consumer, "package.json"), JSON.stringify({ private: true, type: "module" }))
Fs.writeFileSync(
  Path.join(consumer, "tsconfig.json"),
  JSON.stringify({
    compilerOptions: {
      module: "nodenext",
      target: "es2024",
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: []
    },
    files: ["consumer.ts"]
  })
)
Fs.writeFileSync(
  Path.join(consumer, "consumer.ts"),
  modules.map((module, index) => `export * as M${index} from "${module}"`).join("\n")
)
run("tsc", ["-p", consumer])

// Vitest loads only in its own process.
const loadable = modules.filter((module) => !module.startsWith("@refold/vitest"))
Fs.writeFileSync(Path.join(consumer, "consumer.js"), loadable.map((module) => `import "${module}"`).join("\n"))
// The oldest Node.js at hand is the one that runs npm.
for (const node of new Set([process.execPath, process.env["npm_node_execpath"] ?? process.execPath])) {
  run(node, [Path.join(consumer, "consumer.js")])
}

console.log(`${packed.map(({ name }) => name).join(", ")}: ${modules.length} public modules are fit to publish`)
