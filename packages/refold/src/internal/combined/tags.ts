import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { Tagged } from "../../Decider.ts"

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
