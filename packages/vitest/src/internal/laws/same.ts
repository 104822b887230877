import * as Equal from "effect/Equal"

/**
 * Whether two values are alike all the way down. Plain objects need not share a prototype, a
 * field that is `undefined` is as good as none, 0 is -0, and NaN is NaN.
 */
export const same = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b)
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => same(item, b[index]))
  }
  if (a instanceof Date) return b instanceof Date && Object.is(a.getTime(), b.getTime())
  if (a instanceof Map) return b instanceof Map && sameEntries([...a], [...b])
  if (a instanceof Set) return b instanceof Set && sameMembers([...a], [...b])
  if (isPlain(a)) return isPlain(b) && sameFields(a, b)
  if (Equal.isEqual(a) || ArrayBuffer.isView(a)) return Equal.equals(a, b)
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  return (!(a instanceof Error) || a.message === (b as Error).message) && sameFields({ ...a }, { ...b })
}

type Fields = Readonly<Record<string, unknown>>

const sameFields = (a: object, b: object): boolean => {
  const [left, right] = [a as Fields, b as Fields]
  for (const key in left) if (!same(left[key], right[key])) return false
  for (const key in right) if (left[key] === undefined && right[key] !== undefined) return false
  return true
}

/** An object that somebody wrote down, or JSON was parsed into: not the instance of a class. */
export const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

// the order in which a map or a set was filled is not a part of what it says
const sameMembers = (a: ReadonlyArray<unknown>, b: ReadonlyArray<unknown>): boolean =>
  a.length === b.length && a.every((item, index) => same(item, b[index]) || b.some((other) => same(item, other)))

const sameEntries = (a: ReadonlyArray<[unknown, unknown]>, b: ReadonlyArray<[unknown, unknown]>): boolean =>
  sameMembers(a, b)
