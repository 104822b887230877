/**
 * What a process of a reactor answers, and what it is told besides events.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Schema from "effect/Schema"
import type { Tagged } from "./Decider.ts"

/**
 * The kinds of effects that a reactor may ask for, by name, each with the schema of what is to be known about it.
 *
 * @category models
 * @since 0.1.0
 */
export type Effects = { readonly [name: string]: Schema.Codec<unknown, unknown> }

/**
 * What a reactor has done: a command to an aggregate, something outside, or a timer. Make it with `Reactor.command`,
 * `Reactor.effect`, `Reactor.timer` and `Reactor.cancelTimer`.
 *
 * @category models
 * @since 0.1.0
 */
export type Out<Kinds extends Effects> =
  | { readonly _tag: "Command"; readonly category: string; readonly id: string; readonly command: Tagged }
  | { readonly _tag: "Timer"; readonly timer: string; readonly at: DateTime.Utc }
  | { readonly _tag: "CancelTimer"; readonly timer: string }
  | {
    readonly [Name in keyof Kinds & string]: {
      readonly _tag: "Effect"
      readonly name: Name
      readonly payload: Kinds[Name]["Type"]
    }
  }[keyof Kinds & string]

/**
 * What comes of an input: the state of the process after it, unless it stays as it is, and what is to be done.
 *
 * @category models
 * @since 0.1.0
 */
export interface Reaction<out State, Kinds extends Effects> {
  readonly state?: State | undefined
  readonly out?: ReadonlyArray<Out<Kinds>> | undefined
}

/**
 * A command of the reactor that was not done: the aggregate rejected it, or it collided with what somebody else did.
 *
 * @category models
 * @since 0.1.0
 */
export interface Refused {
  readonly category: string
  readonly id: string
  readonly command: Tagged
  /** The `_tag` of the rejection, if it has one; "Conflict" if it collided. */
  readonly reason: string
  readonly message: string
  /** When it was told, to set a timer from there. */
  readonly at: DateTime.Utc
}

/**
 * Of a timer that is due: whose it is, and the instant it was set for.
 *
 * @category models
 * @since 0.1.0
 */
export interface Due {
  readonly key: string
  readonly at: DateTime.Utc
}
