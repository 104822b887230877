import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Condition, ConflictTable, Named, Rule, Verdict } from "../Conflicts.ts"
import type { Tagged } from "../Decider.ts"

/** What is known of a pair of event types: its verdicts, strictest first, and how two events are judged. */
export interface Cell<in Event extends Tagged> {
  readonly verdicts: NonEmptyReadonlyArray<Verdict>
  readonly between: (mine: Event, theirs: Event) => Verdict
}

const always = (verdict: Verdict): Cell<Tagged> => ({ verdicts: [verdict], between: () => verdict })

const constant = { commutes: always("commutes"), redecides: always("redecides"), collides: always("collides") }

/** The cell of every pair; a type nobody here has heard of is never taken to commute. */
export const cells = <Event extends Tagged>(
  tags: ReadonlyArray<Event["_tag"]>,
  table: ConflictTable<Event>
): (mine: Event["_tag"], theirs: Event["_tag"]) => Cell<Event> => {
  const rows = new Map(
    tags.map((mine) => [mine, row<Event>(tags, mine, typeof table === "string" ? table : table[mine])])
  )
  return (mine, theirs) => rows.get(mine)?.get(theirs) ?? constant.collides
}

const row = <Event extends Tagged>(
  tags: ReadonlyArray<Event["_tag"]>,
  mine: Event["_tag"],
  rule: Verdict | Rule<Event, Event["_tag"]>
): ReadonlyMap<string, Cell<Event>> => {
  if (typeof rule === "string") return new Map(tags.map((theirs) => [theirs, constant[rule]]))
  const colliding = conditions(rule.collides)
  const redeciding = conditions(rule.redecides)
  return new Map(tags.map((theirs) => {
    const toCollide = colliding.get(theirs)
    const toRedecide = redeciding.get(theirs)
    if (toCollide === true && toRedecide !== undefined) {
      throw new Error(
        `Conflict table: ${mine} after ${theirs} is given as both "redecides" and "collides"; keep one, ` +
          `or say on what condition it collides`
      )
    }
    return [theirs, when(toCollide, "collides", when(toRedecide, "redecides", constant.commutes))]
  }))
}

const when = <Event extends Tagged>(
  applies: true | Condition<Event, Event> | undefined,
  verdict: Verdict,
  otherwise: Cell<Event>
): Cell<Event> => {
  if (applies === undefined) return otherwise
  if (applies === true) return constant[verdict]
  return {
    verdicts: [verdict, ...otherwise.verdicts],
    between: (mine, theirs) => applies(mine, theirs) ? verdict : otherwise.between(mine, theirs)
  }
}

/** By their type. A condition is only ever asked about events of the pair it was declared for. */
const conditions = <Event extends Tagged>(
  named: Named<Event, Event["_tag"]> = []
): ReadonlyMap<string, true | Condition<Event, Event>> =>
  new Map(isList(named) ? named.map((theirs) => [theirs, true]) : Object.entries(named))

const isList = <Event extends Tagged>(named: Named<Event, Event["_tag"]>): named is ReadonlyArray<Event["_tag"]> =>
  Array.isArray(named)
