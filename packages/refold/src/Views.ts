/**
 * Reading the rows of views, as fresh as the reader needs them.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { EventStore } from "./EventStore.ts"
import type { EventStoreError } from "./EventStoreError.ts"
import * as Changing from "./internal/projections/changing.ts"
import * as Reading from "./internal/projections/reading.ts"
import { ProjectionStore } from "./ProjectionStore.ts"
import { Tenant } from "./StreamId.ts"
import * as View from "./View.ts"

/**
 * How fresh a view must be.
 *
 * **Details**
 *
 * - `eventual`: what is there. The default.
 * - `atLeast`: everything up to a position, such as that of a command just executed, for which it waits.
 * - `current`: everything that is in the log now; what the view has not had yet is folded on top of it.
 *
 * @category models
 * @since 0.1.0
 */
export type Consistency = "eventual" | "current" | {
  readonly atLeast: number
  /** How long to wait for it; 5 seconds by default. */
  readonly within?: Duration.Input | undefined
}

/**
 * How to read a view.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReadOptions {
  readonly consistency?: Consistency | undefined
}

/**
 * A view did not come as far as was asked, in time. Does anybody run its projection?
 *
 * @category errors
 * @since 0.1.0
 */
export class NotReached extends Data.TaggedError("NotReached")<{
  readonly view: string
  readonly version: number
  readonly asked: number
  readonly reached: number
}> {
  override get message(): string {
    return `${this.view} v${this.version} has come to position ${this.reached}, not to ${this.asked}; does anybody run it?`
  }
}

/**
 * This version of a view is not there for readers: nobody has run it yet, or it is still being built beside another one.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotReadable extends Data.TaggedError("NotReadable")<{
  readonly view: string
  readonly version: number
}> {
  override get message(): string {
    return `${this.view} v${this.version} cannot be read yet: run its projection, and if another version is live, rebuild ` +
      `it to take over`
  }
}

/**
 * What may go wrong with reading a view.
 *
 * @category errors
 * @since 0.1.0
 */
export type ReadError = EventStoreError | NotReached | NotReadable | View.UnreadableRow

/**
 * A row that has changed; `state` is `undefined` if it was deleted.
 *
 * @category models
 * @since 0.1.0
 */
export interface Change<out State> {
  readonly key: string
  readonly state: State | undefined
  readonly position: number
}

/**
 * One row, of the tenant of the calling fiber.
 *
 * @category reading
 * @since 0.1.0
 */
export const get = <T extends View.Types>(
  view: View.View<T>,
  key: string,
  options: ReadOptions = {}
): Effect.Effect<Option.Option<T["State"]>, ReadError, EventStore | ProjectionStore> =>
  Effect.map(
    Reading.rows(view, key, options.consistency ?? "eventual"),
    (rows) => Option.fromUndefinedOr(View.states(rows).get(key))
  )

/**
 * All rows of the tenant of the calling fiber, in the order of their keys.
 *
 * @category reading
 * @since 0.1.0
 */
export const all = <T extends View.Types>(
  view: View.View<T>,
  options: ReadOptions = {}
): Effect.Effect<ReadonlyMap<string, T["State"]>, ReadError, EventStore | ProjectionStore> =>
  Effect.map(Reading.rows(view, undefined, options.consistency ?? "eventual"), inOrder)

const inOrder = <State>(rows: View.Rows<State>): ReadonlyMap<string, State> =>
  new Map([...View.states(rows)].toSorted(([one], [other]) => one < other ? -1 : 1))

/**
 * All rows, folded from the log now. Nothing is stored, and nobody needs to run the projection.
 *
 * @category reading
 * @since 0.1.0
 */
export const live = <T extends View.Types>(
  view: View.View<T>
): Effect.Effect<ReadonlyMap<string, T["State"]>, EventStoreError, EventStore> =>
  Effect.flatMap(EventStore, (store) => Effect.map(Reading.tail(store, view, new Map(), { after: 0 }), inOrder))

/**
 * The rows that change, for ever, and before that those that changed after a position: 0 by default, which is all there
 * are. To go on where one has left off, give the last change itself: an event may change several rows, at one position.
 *
 * **Details**
 *
 * They come in the order of their last changes, up to where the slowest partition has come. A row that changes twice in
 * quick succession may be told once, as it is then.
 *
 * **Gotchas**
 *
 * What is changed by the retry of a parked event lies in the past, and is told with the next change of its row.
 *
 * @category reading
 * @since 0.1.0
 */
export const changes = <T extends View.Types>(
  view: View.View<T>,
  options: { readonly after?: number | Pick<Change<unknown>, "position" | "key"> | undefined } = {}
): Stream.Stream<Change<T["State"]>, EventStoreError | View.UnreadableRow, ProjectionStore> =>
  Stream.unwrap(Effect.gen(function*() {
    const store = yield* ProjectionStore
    const tenant = yield* Tenant
    const { after = 0 } = options
    return typeof after === "number"
      ? Changing.changes(store, view, { tenant, after, afterKey: undefined })
      : Changing.changes(store, view, { tenant, after: after.position, afterKey: after.key })
  }))
