/**
 * Which events commute: what becomes of a decision when somebody else's events got into the stream first.
 *
 * @since 0.1.0
 */
import type { Tagged } from "./Decider.ts"
import type { RecordedEvent } from "./RecordedEvent.ts"

/**
 * What happens to *my* decided event, placed after *their* event that I had not seen.
 *
 * **Details**
 *
 * - `commutes`: it is placed as it is.
 * - `redecides`: nobody's quarrel, but `decide` runs again on the fresh state (two debits, two takings from a stock).
 * - `collides`: the order matters to a person, who must be told: the command fails with a `Conflict`.
 *
 * A decided event must be able to move to the right of theirs for `commutes` to be true: a *right mover* in the sense of
 * Lipton (1975), with *forward commutativity* as in Weihl (1988).
 *
 * @category models
 * @since 0.1.0
 */
export type Verdict = "commutes" | "redecides" | "collides"

/**
 * The verdicts of one event type of mine: the types of theirs it collides with, or that make it decide again. It commutes
 * with every type that is not named.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rule<Tag extends string> {
  readonly collides?: ReadonlyArray<Tag>
  readonly redecides?: ReadonlyArray<Tag>
}

/**
 * What an aggregate declares: for every one of its event types a rule, or one verdict for all of theirs; or one verdict
 * for everything.
 *
 * @category models
 * @since 0.1.0
 */
export type ConflictTable<Tag extends string> = Verdict | { readonly [Mine in Tag]: Verdict | Rule<Tag> }

/**
 * A decided event that does not commute with a missed one.
 *
 * @category models
 * @since 0.1.0
 */
export interface ConflictingPair<out Event extends Tagged> {
  readonly mine: Event
  readonly theirs: RecordedEvent<Event>
}

/**
 * A conflict table made ready for look-ups.
 *
 * @category models
 * @since 0.1.0
 */
export interface Conflicts<in out Tag extends string> {
  readonly tags: ReadonlyArray<Tag>
  readonly verdict: (mine: Tag, theirs: Tag) => Verdict
  /** The types that commute with all of the given decided types. */
  readonly commuting: (decided: ReadonlyArray<Tag>) => ReadonlyArray<Tag>
}

/**
 * Checks a table and makes it ready for look-ups.
 *
 * **Gotchas**
 *
 * Throws if a pair is given two verdicts: the program is wrong before it has run.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <Tag extends string>(tags: ReadonlyArray<Tag>, table: ConflictTable<Tag>): Conflicts<Tag> => {
  const verdicts = new Map(tags.map((mine) => [mine, row(tags, mine, typeof table === "string" ? table : table[mine])]))
  const verdict = (mine: Tag, theirs: Tag): Verdict => verdicts.get(mine)?.get(theirs) ?? "collides"
  const known = new Map<string, ReadonlyArray<Tag>>()
  return {
    tags,
    verdict,
    commuting: (decided) => {
      const key = JSON.stringify([...new Set(decided)].toSorted())
      let types = known.get(key)
      if (types === undefined) {
        types = tags.filter((theirs) => decided.every((mine) => verdict(mine, theirs) === "commutes"))
        known.set(key, types)
      }
      return types
    }
  }
}

const row = <Tag extends string>(
  tags: ReadonlyArray<Tag>,
  mine: Tag,
  rule: Verdict | Rule<Tag>
): ReadonlyMap<Tag, Verdict> => {
  if (typeof rule === "string") return new Map(tags.map((theirs) => [theirs, rule]))
  const verdicts = new Map<Tag, Verdict>(tags.map((theirs) => [theirs, "commutes"]))
  for (const theirs of rule.redecides ?? []) verdicts.set(theirs, "redecides")
  for (const theirs of rule.collides ?? []) {
    if (verdicts.get(theirs) === "redecides") {
      throw new Error(`Conflict table: ${mine} after ${theirs} is given as both "redecides" and "collides"; keep one`)
    }
    verdicts.set(theirs, "collides")
  }
  return verdicts
}

/**
 * Meets every decided event with every missed one: the strictest verdict, and the pairs that collide.
 *
 * @category judging
 * @since 0.1.0
 */
export const judge = <Event extends Tagged>(
  self: Conflicts<Event["_tag"]>,
  decided: ReadonlyArray<Event>,
  missed: ReadonlyArray<RecordedEvent<Event>>
): { readonly verdict: Verdict; readonly collisions: ReadonlyArray<ConflictingPair<Event>> } => {
  const collisions: Array<ConflictingPair<Event>> = []
  let verdict: Verdict = "commutes"
  for (const theirs of missed) {
    for (const mine of decided) {
      const met = self.verdict(mine._tag, theirs.event._tag)
      if (met === "collides") collisions.push({ mine, theirs })
      if (met === "redecides") verdict = "redecides"
    }
  }
  return { verdict: collisions.length > 0 ? "collides" : verdict, collisions }
}
