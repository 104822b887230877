/**
 * Which events commute: what becomes of a decision when somebody else's events got into the stream first.
 *
 * @since 0.1.0
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Tagged } from "./Decider.ts"
import * as Table from "./internal/conflictTable.ts"
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
 * Whether a rule applies to two events, each known to be of its type.
 *
 * @category models
 * @since 0.1.0
 */
export type Condition<in Mine, in Theirs> = (mine: Mine, theirs: Theirs) => boolean

/**
 * Those of their event types a rule is about: a list, or an object that says `true` for a type, or on what it depends.
 *
 * @category models
 * @since 0.1.0
 */
export type Named<Event extends Tagged, Mine extends Event["_tag"]> =
  | ReadonlyArray<Event["_tag"]>
  | {
    readonly [Theirs in Event["_tag"]]?: true | Condition<Variant<Event, Mine>, Variant<Event, Theirs>>
  }

/**
 * The event of a union that has this tag.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Variant<Event extends Tagged, Tag extends Event["_tag"]> = Extract<Event, { readonly _tag: Tag }>

/**
 * The verdicts of one event type of mine: the types of theirs it collides with, or that make it decide again. It commutes
 * with every type that is not named, and with every event to which no condition applies.
 *
 * **Details**
 *
 * A pair may be named twice if it `collides` on a condition: where that does not apply, `redecides` is asked.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rule<Event extends Tagged, Mine extends Event["_tag"]> {
  readonly collides?: Named<Event, Mine>
  readonly redecides?: Named<Event, Mine>
}

/**
 * What an aggregate declares: for every one of its event types a rule, or one verdict for all of theirs; or one verdict
 * for everything.
 *
 * @category models
 * @since 0.1.0
 */
export type ConflictTable<Event extends Tagged> =
  | Verdict
  | {
    readonly [Mine in Event["_tag"]]: Verdict | Rule<Event, Mine>
  }

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
export interface Conflicts<in out Event extends Tagged> {
  readonly tags: ReadonlyArray<Event["_tag"]>
  /** What becomes of a pair at worst: the strictest of its {@link Conflicts.verdicts}. */
  readonly verdict: (mine: Event["_tag"], theirs: Event["_tag"]) => Verdict
  /** What may become of a pair, strictest first: more than one verdict where it depends on the two events. */
  readonly verdicts: (mine: Event["_tag"], theirs: Event["_tag"]) => NonEmptyReadonlyArray<Verdict>
  /** What becomes of these two events. */
  readonly between: (mine: Event, theirs: Event) => Verdict
  /** The types that commute with all of the given decided types, whatever is in the events. */
  readonly commuting: (decided: ReadonlyArray<Event["_tag"]>) => ReadonlyArray<Event["_tag"]>
}

/**
 * Checks a table and makes it ready for look-ups.
 *
 * **Gotchas**
 *
 * Throws if a pair is given two verdicts: the program is wrong before it has run. Conditions are pure and total, like
 * `decide`; one that throws is a defect of the command that asked it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <Event extends Tagged>(
  tags: ReadonlyArray<Event["_tag"]>,
  table: ConflictTable<Event>
): Conflicts<Event> => {
  type Tag = Event["_tag"]
  const cellOf = Table.cells(tags, table)
  const known = new Map<string, ReadonlyArray<Tag>>()
  return {
    tags,
    verdict: (mine, theirs) => cellOf(mine, theirs).verdicts[0],
    verdicts: (mine, theirs) => cellOf(mine, theirs).verdicts,
    between: (mine, theirs) => cellOf(mine._tag, theirs._tag).between(mine, theirs),
    commuting: (decided) => {
      const key = JSON.stringify([...new Set(decided)].toSorted())
      let types = known.get(key)
      if (types === undefined) {
        types = tags.filter((theirs) => decided.every((mine) => cellOf(mine, theirs).verdicts[0] === "commutes"))
        known.set(key, types)
      }
      return types
    }
  }
}

/**
 * Meets every decided event with every missed one: the strictest verdict, and the pairs that collide.
 *
 * @category judging
 * @since 0.1.0
 */
export const judge = <Event extends Tagged>(
  self: Conflicts<Event>,
  decided: ReadonlyArray<Event>,
  missed: ReadonlyArray<RecordedEvent<Event>>
): { readonly verdict: Verdict; readonly collisions: ReadonlyArray<ConflictingPair<Event>> } => {
  const collisions: Array<ConflictingPair<Event>> = []
  let verdict: Verdict = "commutes"
  for (const theirs of missed) {
    for (const mine of decided) {
      const met = self.between(mine, theirs.event)
      if (met === "collides") collisions.push({ mine, theirs })
      if (met === "redecides") verdict = "redecides"
    }
  }
  return { verdict: collisions.length > 0 ? "collides" : verdict, collisions }
}
