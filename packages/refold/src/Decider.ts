/**
 * The pure half of an aggregate: commands in, events out, and state as a fold of events.
 *
 * @since 0.1.0
 */
import type * as Result from "effect/Result"

/**
 * Commands and events are told apart by their `_tag`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tagged {
  readonly _tag: string
}

/**
 * The four types of a decider, by name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Types {
  readonly Command: Tagged
  readonly Event: Tagged
  readonly State: unknown
  readonly Rejection: unknown
}

/**
 * Two pure functions and where the fold starts.
 *
 * **Details**
 *
 * `decide` answers a command with the events that happen, or with a rejection in the words of the domain. `evolve` is
 * total. Neither reads a clock, draws a random number or changes what it is given.
 *
 * The shape is Jérémie Chassaing's decider (2021).
 *
 * @category models
 * @since 0.1.0
 */
export interface Decider<in out T extends Types> {
  readonly initial: T["State"]
  readonly decide: (
    command: T["Command"],
    state: T["State"]
  ) => Result.Result<ReadonlyArray<T["Event"]>, T["Rejection"]>
  readonly evolve: (state: T["State"], event: T["Event"]) => T["State"]
}

/**
 * The state after these events.
 *
 * @category folding
 * @since 0.1.0
 */
export const fold = <T extends Types>(
  self: Decider<T>,
  state: T["State"],
  events: Iterable<T["Event"]>
): T["State"] => {
  for (const event of events) state = self.evolve(state, event)
  return state
}

/**
 * The types of a decider that is made of others: what any of them is told, does and rejects, and a state of each.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Combined<Parts extends { readonly [name: string]: Types }> = {
  readonly Command: Parts[keyof Parts]["Command"]
  readonly Event: Parts[keyof Parts]["Event"]
  readonly State: { readonly [Name in keyof Parts]: Parts[Name]["State"] }
  readonly Rejection: Parts[keyof Parts]["Rejection"]
}

/**
 * Nothing, or for each part the tags of its commands and events that another part has, too: who has a tag must be clear.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Distinct<Parts extends { readonly [name: string]: Types }> = {
  readonly [
    Name in keyof Parts as SharedTag<Parts, Name> extends never ? never : Name
  ]: `${SharedTag<Parts, Name>} is a tag of another part, too`
}

type SharedTag<Parts extends { readonly [name: string]: Types }, Name extends keyof Parts> =
  | (Parts[Name]["Command"]["_tag"] & Parts[Exclude<keyof Parts, Name>]["Command"]["_tag"])
  | (Parts[Name]["Event"]["_tag"] & Parts[Exclude<keyof Parts, Name>]["Event"]["_tag"])
