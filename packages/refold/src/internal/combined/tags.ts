import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { Tagged } from "../../Decider.ts"
import type { TaggedUnionSchema } from "../../EventCodec.ts"

/** The tags that values of this schema can have. */
export const of = (schema: Schema.Codec<Tagged, unknown>): ReadonlyArray<string> => [
  ...new Set(tagsOf(SchemaAST.toType(schema.ast)))
]

const tagsOf = (ast: SchemaAST.AST): ReadonlyArray<string> => {
  if (SchemaAST.isUnion(ast)) return ast.types.flatMap(tagsOf)
  if (SchemaAST.isSuspend(ast)) return tagsOf(ast.thunk())
  // a class is told apart by the fields it is made of
  if (SchemaAST.isDeclaration(ast)) return ast.typeParameters.flatMap(tagsOf)
  if (!SchemaAST.isObjects(ast)) return []
  return ast.propertySignatures.flatMap(({ name, type }) => name === "_tag" ? literals(type) : [])
}

const literals = (ast: SchemaAST.AST): ReadonlyArray<string> => {
  if (SchemaAST.isUnion(ast)) return ast.types.flatMap(literals)
  return SchemaAST.isLiteral(ast) && typeof ast.literal === "string" ? [ast.literal] : []
}

/** One schema of them all, which gives access to its cases if theirs are known. */
export const union = (schemas: ReadonlyArray<Schema.Codec<Tagged, unknown>>): Schema.Codec<Tagged, unknown> => {
  const cases = schemas.flatMap(casesOf)
  const union = Schema.Union(cases)
  return cases.every((one) => of(one).length === 1) ? Schema.toTaggedUnion("_tag")(union) : union
}

/** A schema that may be made of others. */
interface MaybeUnion extends Schema.Codec<Tagged, unknown> {
  readonly cases?: TaggedUnionSchema["cases"]
  readonly members?: ReadonlyArray<MaybeUnion>
}

const casesOf = (schema: MaybeUnion): ReadonlyArray<Schema.Codec<Tagged, unknown>> => {
  if (schema.cases !== undefined) return Object.values(schema.cases)
  return schema.members?.flatMap(casesOf) ?? [schema]
}

/** Whose each tag is. */
export const owners = (
  category: string,
  kind: "a command" | "an event",
  parts: ReadonlyArray<readonly [name: string, tags: ReadonlyArray<string>]>
): ReadonlyMap<string, string> => {
  const owners = new Map<string, string>()
  for (const [name, tags] of parts) {
    if (tags.length === 0) throw new Error(`${category}: the schema of ${name} does not say which tags it has`)
    for (const tag of tags) {
      const other = owners.get(tag)
      if (other !== undefined) {
        throw new Error(`${category}: ${other} and ${name} both have ${kind} ${tag}; rename one of them`)
      }
      owners.set(tag, name)
    }
  }
  return owners
}
