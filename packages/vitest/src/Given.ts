/**
 * Given/when/then: what has happened, what somebody asks for, and what is to come of it.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type { Aggregate, ExecuteOptions } from "refold/Aggregate"
import type { Tagged, Types } from "refold/Decider"
import type { EventSource } from "refold/EventSource"
import type { Metadata } from "refold/Metadata"
import type { Types as ViewTypes, View } from "refold/View"
import * as OfAggregate from "./internal/given/aggregate.ts"
import * as OfView from "./internal/given/view.ts"

/**
 * A stream that something has happened to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Given<in out T extends Types> {
  /**
   * Somebody asks for something: the command is decided on what has happened so far, or on the version that was `seen`, and
   * goes through the conflict table as it does in `execute`. What it decides has then happened to whoever is next.
   */
  readonly when: (command: T["Command"], options?: WhenOptions) => When<T>
  /** The state after all that has happened. */
  readonly thenState: (state: T["State"]) => Given<T>
}

/**
 * What the command of a `when` has seen, as in `Aggregate.execute`.
 *
 * @category models
 * @since 0.1.0
 */
export type WhenOptions = Pick<ExecuteOptions, "seen" | "strict">

/**
 * A command that was decided. Its outcome must be named, unless it landed and is followed by another.
 *
 * @category models
 * @since 0.1.0
 */
export interface When<in out T extends Types> extends Given<T> {
  /** The command appends these events. */
  readonly then: (events: ReadonlyArray<T["Event"]>) => Given<T>
  /** The command has nothing to do. */
  readonly thenUnchanged: () => Given<T>
  /** The domain says no: with this rejection, with one that has this tag, or with one of which this is true. */
  readonly thenRejected: (expected: ExpectedRejection<T["Rejection"]>) => Given<T>
  /** Somebody else was first, and the order matters: because of these pairs, if they are given. */
  readonly thenConflict: (pairs?: ReadonlyArray<ExpectedPair<T["Event"]>>) => Given<T>
}

/**
 * A rejection, its tag if it has one, or what is true of it.
 *
 * @category models
 * @since 0.1.0
 */
export type ExpectedRejection<Rejection> =
  | Rejection
  | (Rejection extends { readonly _tag: infer Tag extends string } ? Tag : never)
  | ((rejection: Rejection) => boolean)

/**
 * A decided event and a missed one that collide, each as a whole or by its tag.
 *
 * @category models
 * @since 0.1.0
 */
export type ExpectedPair<Event extends Tagged> = readonly [
  mine: Event | Event["_tag"],
  theirs: Event | Event["_tag"]
]

/**
 * A view that has had some events.
 *
 * @category models
 * @since 0.1.0
 */
export interface GivenView<in out T extends ViewTypes> {
  /**
   * These are the rows, all of them, by key. They are the same however the events come: at once or in pages, and when some
   * or all of them come again.
   */
  readonly then: (rows: Readonly<Record<string, T["State"]>>) => void
}

/**
 * Events of one stream, to be given to a view. Made by {@link eventsOf}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Happening<out Event extends Tagged> extends HappeningOptions {
  readonly source: EventSource<Event>
  readonly id: string
  readonly events: ReadonlyArray<Event>
}

/**
 * What is known of events besides themselves: nothing, and the beginning of 1970, unless it matters.
 *
 * @category models
 * @since 0.1.0
 */
export interface HappeningOptions {
  readonly metadata?: Metadata | undefined
  readonly recordedAt?: DateTime.Utc | undefined
}

/**
 * Events that happen to one instance of an aggregate, one after the other.
 *
 * @category constructors
 * @since 0.1.0
 */
export const eventsOf = <Event extends Tagged>(
  source: EventSource<Event>,
  id: string,
  events: ReadonlyArray<NoInfer<Event>>,
  options?: HappeningOptions
): Happening<Event> => ({ ...options, source, id, events })

/**
 * Begins a test of a view with the events of some streams, made by {@link eventsOf}.
 *
 * **Gotchas**
 *
 * Throws if an event could not be stored, or if the view does not read its aggregate.
 *
 * @category testing
 * @since 0.1.0
 */
export function given<T extends ViewTypes>(view: View<T>, events: ReadonlyArray<Happening<T["Event"]>>): GivenView<T>
/**
 * Begins a test of an aggregate with the events of its stream.
 *
 * **Details**
 *
 * It is pure and synchronous, and throws what test runners show as a failed assertion. So it serves in plain tests and
 * inside of effects alike. What is given can be kept and begun from again.
 *
 * **Gotchas**
 *
 * Throws if an event, given or decided, could not be stored, or if a command has seen more than there is. A chain that ends
 * before its `then` fails when it is returned from the test or awaited.
 *
 * **Example**
 *
 * ```ts
 * import { test } from "vitest"
 * import { given } from "@refold/vitest/Given"
 * import { Lead } from "./Lead.ts"
 *
 * test("a name changes", () =>
 *   given(Lead, [{ _tag: "LeadInitialized", name: "Ann" }])
 *     .when({ _tag: "ChangeName", name: "Bea" })
 *     .then([{ _tag: "NameChanged", name: "Bea" }]))
 * ```
 *
 * @category testing
 * @since 0.1.0
 */
// the last, since the compiler explains by the last what does not fit
export function given<T extends Types>(aggregate: Aggregate<T>, events?: ReadonlyArray<T["Event"]>): Given<T>
export function given<A extends Types, V extends ViewTypes>(
  subject: Aggregate<A> | View<V>,
  events: ReadonlyArray<A["Event"] | Happening<V["Event"]>> = []
): Given<A> | GivenView<V> {
  return "decide" in subject
    ? OfAggregate.given(subject, events as ReadonlyArray<A["Event"]>)
    : OfView.given(subject, events as ReadonlyArray<Happening<V["Event"]>>)
}
