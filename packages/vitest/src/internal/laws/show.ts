import type { Tagged } from "refold/Decider"
import { isPlain } from "./same.ts"

export const isIdentifier = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name)

/** A value as one would write it down, on one line. */
export const show = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "bigint") return `${value}n`
  if (typeof value !== "object" || value === null) return String(value)
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid date" : value.toISOString()
  if (value instanceof Map) {
    return `Map { ${[...value].map(([key, item]) => `${show(key)}: ${show(item)}`).join(", ")} }`
  }
  if (value instanceof Set) return `Set { ${[...value].map(show).join(", ")} }`
  const own: { readonly toString?: () => string } = value
  if (!isPlain(value) && own.toString !== undefined && own.toString !== Object.prototype.toString) return own.toString()
  return fields(value)
}

const fields = (value: object): string => {
  const entries = Object.entries(value)
  return entries.length === 0
    ? "{}"
    : `{ ${
      entries.map(([key, item]) => `${isIdentifier(key) ? key : JSON.stringify(key)}: ${show(item)}`).join(", ")
    } }`
}

/** A command or an event: its tag and what is in it. */
export const showTagged = ({ _tag, ...rest }: Tagged): string =>
  Object.keys(rest).length === 0 ? _tag : `${_tag} ${fields(rest)}`

/** What came of a command: its events. */
export const showEvents = (events: ReadonlyArray<Tagged>): string =>
  events.length === 0 ? "nothing happens" : events.map(showTagged).join(", then ")

/** Why a command was refused, in the words of the domain. */
export const showRejection = (rejection: unknown): string => {
  if (typeof rejection !== "object" || rejection === null) return show(rejection)
  const { _tag, ...rest } = rejection as { readonly _tag?: unknown }
  const message = rejection instanceof Error && rejection.message !== "" ? ` ${JSON.stringify(rejection.message)}` : ""
  const data = Object.fromEntries(Object.entries(rest).filter(([key]) => key !== "message" && key !== "name"))
  const name = typeof _tag === "string" ? _tag : rejection instanceof Error ? rejection.name : ""
  return `${name}${message}${Object.keys(data).length === 0 ? "" : ` ${fields(data)}`}`.trim()
}

/** A name in the code as words: "BankAccount" is a "bank account". */
export const words = (name: string): string =>
  name.replace(/([a-z\d])([A-Z])/g, "$1 $2").replaceAll(/[-_.]+/g, " ").toLowerCase()
