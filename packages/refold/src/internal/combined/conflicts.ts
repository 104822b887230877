import * as Conflicts from "../../Conflicts.ts"
import type { Tagged } from "../../Decider.ts"

/** Every table as it is; what is in none of them together commutes, as its events change different states. */
export const make = (parts: ReadonlyArray<Conflicts.Conflicts<Tagged>>): Conflicts.Conflicts<Tagged> =>
  Conflicts.make(
    parts.flatMap(({ tags }) => tags),
    Object.fromEntries(parts.flatMap((part) => part.tags.map((mine) => [mine, rule(part, mine)])))
  )

const rule = (part: Conflicts.Conflicts<Tagged>, mine: string): Conflicts.Rule<Tagged, string> => ({
  collides: named(part, mine, "collides"),
  redecides: named(part, mine, "redecides")
})

/** A verdict with none after it is unconditional. */
const named = (
  { between, tags, verdicts }: Conflicts.Conflicts<Tagged>,
  mine: string,
  verdict: Conflicts.Verdict
): Conflicts.Named<Tagged, string> =>
  Object.fromEntries(
    tags.filter((theirs) => verdicts(mine, theirs).includes(verdict)).map((theirs) => [
      theirs,
      verdicts(mine, theirs).at(-1) === verdict || ((one: Tagged, other: Tagged) => between(one, other) === verdict)
    ])
  )
