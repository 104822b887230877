/**
 * Names a stream: the events of one aggregate instance.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * The identity of a stream: the tenant it belongs to, the category of aggregate (for example `Lead`) and the id of the
 * instance, which the client usually makes.
 *
 * @category models
 * @since 0.1.0
 */
export interface StreamId {
  readonly tenant: string
  readonly category: string
  readonly id: string
}

/**
 * The tenant on whose behalf the current fiber works. One tenant's streams are invisible to another's, as far as this
 * store is asked; a database that is asked by others is to be guarded by itself.
 *
 * @category references
 * @since 0.1.0
 */
export const Tenant = Context.Reference<string>("refold/StreamId/Tenant", { defaultValue: () => "default" })

/**
 * The longest tenant, category and id that every engine can index, in UTF-16 code units.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxLength = { tenant: 128, category: 128, id: 512 } as const

/**
 * Writes a stream's name the way it appears in messages, for example `Lead-1410`.
 *
 * @category formatting
 * @since 0.1.0
 */
export const format = (stream: StreamId): string => `${stream.category}-${stream.id}`

/**
 * Says what is wrong with a stream id, or `undefined` if every engine can store it unchanged: no part is empty or too
 * long, has a NUL, or half a surrogate pair (PostgreSQL would store two such ids as the same text).
 *
 * @category validation
 * @since 0.1.0
 */
export const problem = (stream: StreamId): string | undefined =>
  partProblem("tenant", stream.tenant) ?? partProblem("category", stream.category) ?? partProblem("id", stream.id)

const partProblem = (part: keyof typeof maxLength, value: string): string | undefined => {
  if (value.length === 0) return `the ${part} is empty`
  if (value.length > maxLength[part]) {
    return `the ${part} is ${value.length} characters long; at most ${maxLength[part]} are allowed`
  }
  if (value.includes("\0")) return `the ${part} contains a NUL character`
  if (!value.isWellFormed()) return `the ${part} contains half a surrogate pair, which is not valid Unicode`
  return undefined
}
