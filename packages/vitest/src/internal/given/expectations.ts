import type { Tagged, Types } from "refold/Decider"
import type { ExpectedPair, ExpectedRejection } from "../../Given.ts"
import type { Outcome } from "./outcome.ts"
import { inWords, isTagged, listInWords } from "./words.ts"

/** What a test expects of a command. */
export interface Expectation<T extends Types> {
  /** To go on with "but expected …". */
  readonly wanted: string
  readonly expected: unknown
  /** What is to equal that; nothing if something else altogether came of the command. */
  readonly found: (outcome: Outcome<T>) => { readonly value: unknown } | undefined
}

export const events = <T extends Types>(expected: ReadonlyArray<T["Event"]>): Expectation<T> => ({
  wanted: listInWords(expected),
  expected,
  found: (outcome) => outcome.is === "decided" ? { value: outcome.events } : undefined
})

export const rejection = <T extends Types>(expected: ExpectedRejection<T["Rejection"]>): Expectation<T> => {
  if (typeof expected === "function") {
    const isExpected = expected as (rejection: T["Rejection"]) => boolean
    const wanted = "to be rejected otherwise"
    return {
      wanted,
      expected: wanted,
      found: (outcome) => outcome.is === "rejected" && isExpected(outcome.rejection) ? { value: wanted } : undefined
    }
  }
  return {
    wanted: `to be rejected with ${typeof expected === "string" ? expected : inWords(expected)}`,
    expected,
    found: (outcome) => {
      if (outcome.is !== "rejected") return undefined
      const value: unknown = outcome.rejection
      return { value: typeof expected === "string" && isTagged(value) ? value._tag : value }
    }
  }
}

export const conflict = <T extends Types>(expected?: ReadonlyArray<ExpectedPair<T["Event"]>>): Expectation<T> => {
  const wanted = expected === undefined
    ? "a conflict"
    : `a conflict of ${expected.map((pair) => pair.map(one).join(" with ")).join(", ")}`
  return {
    wanted,
    expected: expected ?? wanted,
    found: (outcome) => {
      if (outcome.is !== "in conflict") return undefined
      if (expected === undefined) return { value: wanted }
      const like = (event: Tagged, pattern: unknown) => typeof pattern === "string" ? event._tag : event
      return {
        value: outcome.conflict.pairs.map(({ mine, theirs }, index) => [
          like(mine, expected[index]?.[0]),
          like(theirs.event, expected[index]?.[1])
        ])
      }
    }
  }
}

const one = (pattern: Tagged | string): string => typeof pattern === "string" ? pattern : inWords(pattern)
