import * as Formatter from "effect/Formatter"
import * as Predicate from "effect/Predicate"
import { Conflict } from "refold/Conflict"
import type { Tagged } from "refold/Decider"

/** For example `NameChanged {"name":"Ann"}`; an error by its name and what it says. */
export const inWords = (value: unknown): string => {
  if (value instanceof Error) return value.message === "" ? nameOf(value) : `${nameOf(value)}: ${value.message}`
  if (!isTagged(value)) return Formatter.format(value)
  const { _tag, ...fields } = value
  return Object.keys(fields).length === 0 ? _tag : `${_tag} ${Formatter.format(fields)}`
}

export const listInWords = (values: ReadonlyArray<unknown>): string =>
  values.length === 0 ? "no events" : values.map(inWords).join(", ")

/** What a diff can show: of an error, its fields and what it says. */
export const shown = (value: unknown): unknown => {
  if (value instanceof Conflict) return { conflict: value.message }
  return value instanceof Error ? Object.assign({}, value, { name: nameOf(value), message: value.message }) : value
}

export const isTagged = (value: unknown): value is Tagged =>
  Predicate.hasProperty(value, "_tag") && typeof value._tag === "string"

const nameOf = (error: Error): string => isTagged(error) ? error._tag : error.name
