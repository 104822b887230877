import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { Tagged } from "../../Decider.ts"
import type { EarlierShape, Upcast } from "../../Upcast.ts"
import * as Fingerprint from "../fingerprint.ts"

/** From the parsed JSON of one version. */
export type Reader<Event> = (data: unknown) => Result.Result<Event, string>

/**
 * Reads each version of a chain as an event of today, the first version first. Throws if the chain cannot be right: the
 * program is wrong before it has run.
 */
export const readers = <Event extends Tagged>(
  type: string,
  { shapes, toCurrent, version }: Upcast<unknown>,
  current: { readonly tag: string; readonly schema: Schema.Codec<Event, unknown> }
): ReadonlyArray<Reader<Event>> => {
  const versions = [...shapes.map(({ version }) => version), version]
  const gap = versions.findIndex((version, index) => version !== index + 1)
  if (gap !== -1) {
    throw new Error(`The shapes of "${type}" are those of the versions ${versions.join(", ")}: ${gap + 1} is missing`)
  }
  const event = Schema.decodeUnknownResult(Schema.toType(current.schema))
  let rest = step(
    `the step from version ${shapes.length} of "${type}" to ${current.tag}`,
    toCurrent,
    (value) => event(isUntagged(value) ? { ...value, _tag: current.tag } : value)
  )
  const all: Array<Reader<Event>> = []
  for (const shape of shapes.toReversed()) {
    const next = rest
    const read = reader(type, shape)
    all.unshift((data) => Result.flatMap(read(data), next))
    if (shape.step === undefined) continue
    const here = step(
      `the step from version ${shape.version - 1} to ${shape.version} of "${type}"`,
      shape.step,
      Schema.decodeUnknownResult(Schema.toType(shape.schema))
    )
    rest = (before) => Result.flatMap(here(before), next)
  }
  return all
}

/** Takes a step, and sees to it that it comes to where it should. */
const step = <A>(
  name: string,
  take: (before: never) => unknown,
  check: (value: unknown) => Result.Result<A, Schema.SchemaError>
) => {
  const untyped = take as (before: unknown) => unknown
  return (before: unknown): Result.Result<A, string> => {
    let made: unknown
    try {
      made = untyped(before)
    } catch (error) {
      return Result.fail(`${name} threw ${String(error)}`)
    }
    return Result.mapError(check(made), ({ message }) => `${name} made what does not fit: ${message}`)
  }
}

const reader = (type: string, { schema, version }: EarlierShape): Reader<unknown> => {
  const problem = Fingerprint.problem(schema)
  if (problem !== undefined) throw new Error(`Version ${version} of "${type}" cannot have been stored: ${problem}`)
  const decode = Schema.decodeUnknownResult(Schema.toCodecJson(schema))
  const tag = tagOf(schema)
  return (data) =>
    Result.mapError(
      decode(tag === undefined ? data : { ...(data as object), _tag: tag }),
      ({ message }) => `as version ${version} of "${type}": ${message}`
    )
}

/** The `_tag` is not in what is stored, but may be in what was the schema of the event. */
const tagOf = ({ ast }: Schema.Top): SchemaAST.LiteralValue | undefined => {
  const encoded = SchemaAST.toEncoded(ast)
  if (!SchemaAST.isObjects(encoded)) return undefined
  const tag = encoded.propertySignatures.find(({ name }) => name === "_tag")?.type
  return tag !== undefined && SchemaAST.isLiteral(tag) ? tag.literal : undefined
}

const isUntagged = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !("_tag" in value)
