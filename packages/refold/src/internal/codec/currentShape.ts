import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { Tagged } from "../../Decider.ts"

/** Between an event and the JSON text of what is in it besides its `_tag`. */
export interface CurrentShape<out Event extends Tagged> {
  readonly encode: (event: Tagged) => Result.Result<string, string>
  /** From parsed JSON. */
  readonly decode: (data: unknown) => Result.Result<Event, string>
}

export const make = <Event extends Tagged>(schema: Schema.Codec<Event, unknown>, tag: string): CurrentShape<Event> => {
  const json = Schema.toCodecJson(schema)
  // a field that would be dropped would still be there for whoever folds the event before it is read back
  const strictly = Schema.encodeUnknownSync(json, { onExcessProperty: "error" })
  const quickly = Schema.encodeUnknownSync(json)
  const isFlat = hasOnlyLeaves(schema.ast)
  const encode = (event: Tagged) => {
    if (!isFlat) return strictly(event)
    // without fields of fields, as many of them as before are all of them
    const encoded = quickly(event)
    return Object.keys(encoded as object).length === Object.keys(event).length ? encoded : strictly(event)
  }
  const decode = Schema.decodeUnknownResult(json)
  return {
    encode: (event) => {
      try {
        const { _tag, ...data } = encode(event) as Schema.JsonObject
        return Result.succeed(JSON.stringify(data))
      } catch (error) {
        if (Schema.isSchemaError(error)) return Result.fail(error.message)
        throw error
      }
    },
    decode: (data) => Result.mapError(decode({ ...(data as object), _tag: tag }), (error) => error.message)
  }
}

/** Whether the fields of a struct have no fields of their own. */
const hasOnlyLeaves = (ast: SchemaAST.AST): boolean =>
  SchemaAST.isObjects(ast) && ast.indexSignatures.length === 0 &&
  ast.propertySignatures.every(({ type }) =>
    SchemaAST.isString(type) || SchemaAST.isNumber(type) || SchemaAST.isBoolean(type) || SchemaAST.isLiteral(type)
  )
