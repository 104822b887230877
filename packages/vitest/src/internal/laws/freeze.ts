import { isPlain } from "./same.ts"

const frozen = new WeakSet<object>()

/**
 * Freezes a value all the way down, so that whoever changes it is found out. What has caches inside, as Effect's data
 * types do, is left alone.
 */
export const freeze = <A>(value: A): A => {
  if (typeof value !== "object" || value === null || frozen.has(value)) return value
  frozen.add(value)
  if (value instanceof Map || value instanceof Set || value instanceof Date) guard(value)
  if (value instanceof Map) {
    for (const [key, item] of value) {
      freeze(key)
      freeze(item)
    }
  } else if (value instanceof Set) { for (const item of value) freeze(item) }
  else if (!ArrayBuffer.isView(value) && !hasCaches(value)) {
    Object.freeze(value)
    for (const key in value) freeze((value as Readonly<Record<string, unknown>>)[key])
  }
  return value
}

/** What is inside these cannot be frozen; what would change it can be taken away. */
const guard = (value: Map<unknown, unknown> | Set<unknown> | Date) => {
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(value))) {
    if (!/^(set|add$|delete$|clear$)/.test(name) || Object.isFrozen(value)) continue
    const refuse = () => {
      throw new TypeError(`Cannot ${name} on what was given`)
    }
    Object.defineProperty(value, name, { value: refuse, enumerable: false, configurable: true })
  }
}

const hasCaches = (value: object): boolean => {
  if (Array.isArray(value) || isPlain(value)) return false
  for (const key in value) if (key.startsWith("~effect/")) return true
  return false
}

/** A copy that may be changed. Instances of classes stay what they are. */
export const thaw = <A>(value: A): A => {
  if (typeof value !== "object" || value === null) return value
  const copy: unknown = Array.isArray(value)
    ? value.map(thaw)
    : value instanceof Map
    ? new Map([...value].map(([key, item]) => [thaw(key), thaw(item)]))
    : value instanceof Set
    ? new Set([...value].map(thaw))
    : value instanceof Date
    ? new Date(value)
    : isPlain(value)
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, thaw(item)]))
    : hasCaches(value) || ArrayBuffer.isView(value)
    ? value
    : Object.assign(
      Object.create(Object.getPrototypeOf(value) as object),
      Object.fromEntries(Object.entries(value).map(([key, item]) => [key, thaw(item)]))
    )
  return copy as A
}
