/**
 * Between an event as the domain knows it and the form in which it is stored for ever: a type, a schema version, and JSON.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { Tagged } from "./Decider.ts"

/**
 * A schema of a tagged union, as made by `Schema.TaggedUnion` or `Schema.toTaggedUnion("_tag")`.
 *
 * @category models
 * @since 0.1.0
 */
export interface TaggedUnionSchema<out Event extends Tagged = Tagged> extends Schema.Codec<Event, unknown> {
  readonly cases: { readonly [tag: string]: Schema.Codec<Event, unknown> }
}

/**
 * An event ready to be stored. `data` is JSON text without the `_tag`, which is kept as `type`.
 *
 * @category models
 * @since 0.1.0
 */
export interface EncodedEvent {
  readonly type: string
  readonly schemaVersion: number
  readonly data: string
}

/**
 * Writes and reads the events of one aggregate. Failures say in words what is wrong.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventCodec<out Event extends Tagged> {
  readonly tags: ReadonlyArray<Event["_tag"]>
  /** The name under which events with this tag are stored. */
  readonly storedType: (tag: string) => string
  /** Fails with what is wrong with the event. */
  readonly encode: (event: Tagged) => Result.Result<EncodedEvent, string>
  /** `data` is parsed JSON; fails with what cannot be read. */
  readonly decode: (type: string, schemaVersion: number, data: unknown) => Result.Result<Event, string>
}

/**
 * The largest JSON text of one event, in bytes of UTF-8: with room to spare below what a PostgreSQL client takes in one
 * message.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxDataBytes = 15_000_000

/**
 * Derives a codec from a schema. `storedAs` gives types that were renamed in code the names they had when they were first
 * stored; names must stay unique.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <Event extends Tagged>(
  schema: TaggedUnionSchema<Event>,
  storedAs: { readonly [Tag in Event["_tag"]]?: string } = {}
): EventCodec<Event> => {
  const tags: ReadonlyArray<Event["_tag"]> = Object.keys(schema.cases)
  const renamed = new Map<string, string | undefined>(Object.entries(storedAs))
  const storedType = (tag: string): string => renamed.get(tag) ?? tag
  const variants = new Map(tags.map((tag) => [tag, variant(schema, tag)]))
  const tagOf = new Map<string, string>()
  for (const tag of tags) {
    const type = storedType(tag)
    const other = tagOf.get(type)
    if (other !== undefined) throw new Error(`Events ${other} and ${tag} are both stored as "${type}"; rename one`)
    tagOf.set(type, tag)
  }
  return {
    tags,
    storedType,
    encode: (event) => {
      const codec = variants.get(event._tag)
      if (codec === undefined) return Result.fail(`${event._tag} is not one of ${tags.join(", ")}`)
      return Result.flatMap(codec.encode(event), (data) => {
        const bytes = data.length * 3 > maxDataBytes ? new TextEncoder().encode(data).length : 0
        return bytes > maxDataBytes
          ? Result.fail(
            `its data is ${bytes} bytes long; at most ${maxDataBytes} are allowed. ` +
              `Keep the document elsewhere and record a reference to it`
          )
          : Result.succeed({ type: storedType(event._tag), schemaVersion: 1, data })
      })
    },
    decode: (type, schemaVersion, data) => {
      const codec = variants.get(tagOf.get(type) ?? "")
      if (codec === undefined) {
        return Result.fail(`"${type}" is not an event of this aggregate; was it written by a newer release?`)
      }
      if (schemaVersion !== 1) {
        return Result.fail(
          `schema version ${schemaVersion} of "${type}" is unknown; was it written by a newer release?`
        )
      }
      return codec.decode(data)
    }
  }
}

const variant = <Event extends Tagged>(schema: TaggedUnionSchema<Event>, tag: string) => {
  const json = Schema.toCodecJson(schema.cases[tag]!)
  // a field that would be dropped would still be there for whoever folds the event before it is read back
  const strictly = Schema.encodeUnknownSync(json, { onExcessProperty: "error" })
  const quickly = Schema.encodeUnknownSync(json)
  const isFlat = hasOnlyLeaves(schema.cases[tag]!.ast)
  const encode = (event: Tagged) => {
    if (!isFlat) return strictly(event)
    // without fields of fields, as many of them as before are all of them
    const encoded = quickly(event)
    return Object.keys(encoded as object).length === Object.keys(event).length ? encoded : strictly(event)
  }
  const decode = Schema.decodeUnknownResult(json)
  return {
    encode: (event: Tagged): Result.Result<string, string> => {
      try {
        const { _tag, ...data } = encode(event) as Schema.JsonObject
        return Result.succeed(JSON.stringify(data))
      } catch (error) {
        if (Schema.isSchemaError(error)) return Result.fail(error.message)
        throw error
      }
    },
    decode: (data: unknown): Result.Result<Event, string> =>
      Result.mapError(decode({ ...(data as object), _tag: tag }), (error) => error.message)
  }
}

/** Whether the fields of a struct have no fields of their own. */
const hasOnlyLeaves = (ast: SchemaAST.AST): boolean =>
  SchemaAST.isObjects(ast) && ast.indexSignatures.length === 0 &&
  ast.propertySignatures.every(({ type }) =>
    SchemaAST.isString(type) || SchemaAST.isNumber(type) || SchemaAST.isBoolean(type) || SchemaAST.isLiteral(type)
  )
