import * as Result from "effect/Result"
import { Conflict } from "refold/Conflict"
import type { Types } from "refold/Decider"
import type { Rehearsed } from "refold/Rehearsal"
import { inWords, listInWords, shown } from "./words.ts"

/** What becomes of a command. */
export type Outcome<T extends Types> =
  | { readonly is: "decided"; readonly events: ReadonlyArray<T["Event"]> }
  | { readonly is: "rejected"; readonly rejection: T["Rejection"] }
  | { readonly is: "in conflict"; readonly conflict: Conflict<T["Event"]> }

export const outcomeOf = <T extends Types>(
  rehearsed: Result.Result<Rehearsed<T["Event"]>, T["Rejection"] | Conflict<T["Event"]>>
): Outcome<T> => {
  if (Result.isSuccess(rehearsed)) return { is: "decided", events: rehearsed.success.events }
  const { failure } = rehearsed
  return failure instanceof Conflict ? { is: "in conflict", conflict: failure } : { is: "rejected", rejection: failure }
}

/** To go on with "ChangeName …". */
export const tell = <T extends Types>(outcome: Outcome<T>): string => {
  switch (outcome.is) {
    case "decided":
      return `came to ${listInWords(outcome.events)}`
    case "rejected":
      return `was rejected with ${inWords(outcome.rejection)}`
    case "in conflict":
      return `was in conflict: ${outcome.conflict.message}`
  }
}

/** For a diff with something of another kind. */
export const diffable = <T extends Types>(outcome: Outcome<T>): unknown => {
  switch (outcome.is) {
    case "decided":
      return outcome.events
    case "rejected":
      return { rejected: shown(outcome.rejection) }
    case "in conflict":
      return { conflict: outcome.conflict.pairs.map(({ mine, theirs }) => [mine, theirs.event]) }
  }
}
