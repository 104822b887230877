import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Representation from "effect/SchemaRepresentation"

/*
 * A schema is written down as text that depends on its types alone, and hashed. What has no order is sorted; names,
 * annotations and code leave no trace.
 */

/** Raise it when the same schema comes to be written differently: states saved by earlier releases are then ignored. */
const format = 1

/** Of the type and the JSON form of a schema, and of what else there is to tell. */
export const make = (schema: Schema.Top, rest: ReadonlyArray<unknown>): string => {
  const type = write(Schema.toRepresentation(Schema.toType(schema), inline))
  const json = write(Schema.toRepresentation(Schema.toCodecJson(schema), inline))
  return hash(JSON.stringify([format, type, json, sortKeys(rest)]))
}

/** Why values of this schema cannot be written as JSON, if so. */
export const problem = (schema: Schema.Top): string | undefined => {
  const { references, representation } = Schema.toRepresentation(schema, inline)
  const found = firstWithoutJson([representation, ...Object.values(references)])
  return found === undefined
    ? undefined
    : `its schema contains ${found}, which has no JSON form; ` +
      "give it one with `Schema.decodeTo` or a `toCodecJson` annotation"
}

/** Names are annotations, too: only what contains itself has to be referred to. */
const inline = { referencePolicy: () => undefined }

const withoutJson = (self: Representation.Representation): string | undefined => {
  if (self._tag === "Declaration") {
    const { annotations = {} } = self
    if (!Predicate.isFunction(annotations["toCodecJson"] ?? annotations["toCodec"])) {
      const name = annotations["identifier"] ?? annotations["expected"]
      return typeof name === "string" ? name : "a declaration"
    }
  }
  return firstWithoutJson(partsOf(self))
}

const firstWithoutJson = (all: ReadonlyArray<Representation.Representation>): string | undefined => {
  for (const one of all) {
    const found = withoutJson(one)
    if (found !== undefined) return found
  }
  return undefined
}

const partsOf = (self: Representation.Representation): ReadonlyArray<Representation.Representation> => {
  switch (self._tag) {
    case "Declaration":
      return self.typeParameters
    case "Suspend":
      return [self.thunk]
    case "TemplateLiteral":
      return self.parts
    case "Arrays":
      return [...self.elements.map(({ type }) => type), ...self.rest]
    case "Objects":
      return [
        ...self.propertySignatures.map(({ type }) => type),
        ...self.indexSignatures.flatMap(({ parameter, type }) => [parameter, type])
      ]
    case "Union":
      return self.types
    default:
      return []
  }
}

const write = ({ references, representation }: Representation.Document): string => {
  const seen = new Map<string, number>()

  /** What contains itself is written once and numbered; `follow: false` leaves it out, to put alternatives in order. */
  const on = (self: Representation.Representation, follow: boolean): unknown => {
    const each = (parts: ReadonlyArray<Representation.Representation>) => parts.map((part) => on(part, follow))
    switch (self._tag) {
      case "Reference": {
        if (!follow) return "#"
        const number = seen.get(self.$ref)
        if (number !== undefined) return `#${number}`
        seen.set(self.$ref, seen.size)
        return on(references[self.$ref]!, follow)
      }
      case "Suspend":
        return on(self.thunk, follow)
      case "Declaration": {
        const { checks, representation, typeParameters } = self
        return [self._tag, representation?.id, sortKeys(representation?.payload), each(typeParameters), checked(checks)]
      }
      case "Literal":
        return [self._tag, typeof self.literal, String(self.literal), checked(self.checks)]
      case "UniqueSymbol":
        return [self._tag, String(self.symbol), checked(self.checks)]
      case "Enum":
        return [self._tag, texts(self.enums.map(([, value]) => [typeof value, value])), checked(self.checks)]
      case "TemplateLiteral":
        return [self._tag, each(self.parts), checked(self.checks)]
      case "Arrays": {
        const { checks, elements, rest } = self
        return [
          self._tag,
          elements.map(({ isOptional, type }) => [isOptional, on(type, follow)]),
          each(rest),
          checked(checks)
        ]
      }
      case "Objects": {
        const { checks, indexSignatures, propertySignatures } = self
        const properties = propertySignatures
          .map(({ isOptional, name, type }) => ({ name: `${typeof name} ${String(name)}`, isOptional, type }))
          .toSorted((a, b) => a.name < b.name ? -1 : 1)
          .map(({ isOptional, name, type }) => [name, isOptional, on(type, follow)])
        return [
          self._tag,
          properties,
          texts(indexSignatures.map(({ parameter, type }) => [on(parameter, follow), on(type, follow)])),
          checked(checks)
        ]
      }
      case "Union": {
        const types = self.types
          .map((type) => ({ text: JSON.stringify(on(type, false)), type }))
          .toSorted((a, b) => a.text < b.text ? -1 : 1)
        return [self._tag, self.options?.mode, each(types.map(({ type }) => type)), checked(self.checks)]
      }
      default:
        return [self._tag, checked(self.checks)]
    }
  }

  return JSON.stringify(on(representation, true))
}

/** Those that have a name; what a filter of the user's does is code. */
const checked = (checks: ReadonlyArray<Representation.Check>): unknown =>
  texts(checks.map((check) => [
    check.representation?.id,
    sortKeys(check.representation?.payload),
    check._tag === "FilterGroup" ? checked(check.checks) : []
  ]))

const texts = (parts: ReadonlyArray<unknown>): ReadonlyArray<string> =>
  parts.map((part) => JSON.stringify(part)).toSorted()

const sortKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== "object" || value === null) return value
  return Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1).map(([key, inner]) => [key, sortKeys(inner)])
}

/** 64 bits of FNV-1a over UTF-8. */
export const hash = (text: string): string => {
  let bits = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text)) {
    bits = BigInt.asUintN(64, (bits ^ BigInt(byte)) * 0x100000001b3n)
  }
  return bits.toString(16).padStart(16, "0")
}
