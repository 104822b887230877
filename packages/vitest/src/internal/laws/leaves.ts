import { isPlain } from "./same.ts"

/** A value inside another, with the name of the field it was found in. */
export interface Leaf {
  readonly name: string
  readonly value: unknown
}

/** Values that can stand for each other. */
export const kindOf = (value: unknown): string =>
  typeof value !== "object"
    ? typeof value
    : value === null
    ? "null"
    : `object ${(Object.getPrototypeOf(value) as { readonly constructor?: Function } | null)?.constructor?.name}`

const enough = 300

/** What is in a value: keys and sizes too, as commands name them. */
export const leaves = (value: unknown, into: Array<Leaf> = [], name = ""): Array<Leaf> => {
  if (into.length >= enough || value === undefined) return into
  if (typeof value !== "object" || value === null) {
    into.push({ name, value })
  } else if (Array.isArray(value) || value instanceof Set) {
    for (const item of value) leaves(item, into, name)
    into.push({ name: "", value: Array.isArray(value) ? value.length : value.size })
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      leaves(key, into, name)
      leaves(item, into, name)
    }
  } else if (isPlain(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (key === "_tag") continue
      into.push({ name, value: key })
      leaves(item, into, key)
    }
  } else {
    into.push({ name, value })
  }
  return into
}

/** The same value with other leaves. A `_tag` stays, and so does what is inside of instances of classes. */
export const mapLeaves = (value: unknown, f: (leaf: Leaf) => unknown, name = ""): unknown => {
  if (Array.isArray(value)) return value.map((item) => mapLeaves(item, f, name))
  if (typeof value !== "object" || value === null || !isPlain(value)) return f({ name, value })
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === "_tag" ? item : mapLeaves(item, f, key)])
  )
}
