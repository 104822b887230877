import * as CliError from "effect/cli/CliError"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { pathToFileURL } from "node:url"
import type { Aggregate } from "refold/Aggregate"
import type { Types } from "refold/Decider"

/** The aggregates that a module exports, or the modules below a folder. */
export const find = Effect.fnUntraced(function*(path: string) {
  const files = yield* Effect.try({ try: () => modules(path), catch: because(`${path} cannot be read`) })
  const found = new Set<Aggregate<Types>>()
  for (const file of files) {
    const exported: object = yield* Effect.tryPromise({
      try: () => import(pathToFileURL(file).href),
      catch: because(`${file} cannot be loaded`)
    })
    for (const value of Object.values(exported)) {
      if (isAggregate(value)) found.add(value)
    }
  }
  if (found.size > 0) return [...found]
  const userMessage = files.length === 0
    ? `No module in ${path} defines an aggregate with Aggregate.make`
    : `No aggregate is exported by ${files.join(", ")}`
  return yield* new CliError.UserError({ userMessage, cause: path })
})

const because = (what: string) => (cause: unknown) =>
  new CliError.UserError({ userMessage: `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, cause })

const modules = (path: string): ReadonlyArray<string> => {
  const absolute = Path.resolve(path)
  if (!Fs.statSync(absolute).isDirectory()) return [absolute]
  const sources = Path.join(absolute, "src")
  return Fs.readdirSync(Fs.existsSync(sources) ? sources : absolute, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.(?:d|test|spec))\.m?[jt]s$/.test(entry.name))
    .map(({ name, parentPath }) => Path.join(parentPath, name))
    .filter((file) => !file.includes(`${Path.sep}node_modules${Path.sep}`) && definesAggregate(file))
    .toSorted()
}

/** Others are left alone: they may be programs, which run when they are loaded. */
const definesAggregate = (file: string): boolean =>
  /\bAggregate\.make\(|\brefold\/Aggregate\b/.test(Fs.readFileSync(file, "utf8"))

/** By its shape, as it comes from the refold of the user. */
const isAggregate = (value: unknown): value is Aggregate<Types> =>
  Predicate.hasProperty(value, "category") && Predicate.isString(value.category) &&
  Predicate.hasProperty(value, "decide") && Predicate.isFunction(value.decide) &&
  Predicate.hasProperty(value, "evolve") && Predicate.isFunction(value.evolve) &&
  Predicate.hasProperty(value, "execute") && Predicate.isFunction(value.execute) &&
  Predicate.hasProperty(value, "conflicts") && Predicate.hasProperty(value.conflicts, "verdicts")
