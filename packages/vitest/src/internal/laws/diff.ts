import { same } from "./same.ts"
import { isIdentifier, show } from "./show.ts"

/** Where two values differ, and what is there. */
export interface Difference {
  readonly path: string
  readonly left: string
  readonly right: string
}

const absent = "(absent)"
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

/** Field by field, as deep as both go. */
export const diff = (left: unknown, right: unknown, path = ""): ReadonlyArray<Difference> => {
  if (same(left, right)) return []
  if (!isRecord(left) || !isRecord(right) || Array.isArray(left) !== Array.isArray(right)) {
    return [{ path: path === "" ? "all of it" : path, left: show(left), right: show(right) }]
  }
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])]
  const found = keys.flatMap((key) => {
    const inner = Array.isArray(left)
      ? `${path}[${key}]`
      : !isIdentifier(key)
      ? `${path}[${show(key)}]`
      : path === ""
      ? key
      : `${path}.${key}`
    if (!Object.hasOwn(left, key)) return [{ path: inner, left: absent, right: show(right[key]) }]
    if (!Object.hasOwn(right, key)) return [{ path: inner, left: show(left[key]), right: absent }]
    return diff(left[key], right[key], inner)
  })
  return found.length > 0 ? found : [{ path: path === "" ? "all of it" : path, left: show(left), right: show(right) }]
}
