/**
 * Read models as folds: rows by key, each the state after the events that concern it.
 *
 * @since 0.1.0
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Schema from "effect/Schema"
import type { Tagged } from "./Decider.ts"
import type { EventOf, EventSource, EventSources } from "./EventSource.ts"
import type { EventStoreError } from "./EventStoreError.ts"
import * as CombinedView from "./internal/combined/view.ts"
import * as Advancing from "./internal/projections/advancing.ts"
import * as ViewHandler from "./internal/projections/viewHandler.ts"
import type { Projection } from "./Projection.ts"
import type { ProjectionStore } from "./ProjectionStore.ts"
import type { RecordedEvent } from "./RecordedEvent.ts"
import type { InvalidKey, UnreadableRow } from "./ViewError.ts"

/**
 * The two types of a view, by name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Types {
  readonly Event: Tagged
  readonly State: unknown
}

/**
 * A view as a value: which events, which rows they concern, and what they do to a row, purely. It is a projection, too: run
 * like any other, it keeps its rows in the store, in the transaction that moves its checkpoint.
 *
 * **Details**
 *
 * `evolve` returns the row after an event, or `null` if there is none any more: the next event of that key begins at
 * `initial` again. Change `version` whenever the same events come to other rows.
 *
 * **Gotchas**
 *
 * Every event makes a row for each of its `keys`, even where `evolve` changes nothing; an event that is none of the view's
 * business has no keys.
 *
 * @category models
 * @since 0.1.0
 */
export interface View<in out T extends Types> extends
  Projection<
    NonEmptyReadonlyArray<EventSource<T["Event"]>>,
    EventStoreError | UnreadableRow | InvalidKey,
    ProjectionStore
  >
{
  readonly state: Schema.Codec<T["State"], unknown>
  readonly initial: T["State"]
  /** The rows an event concerns, each once. */
  readonly keys: (recorded: RecordedEvent<T["Event"]>) => ReadonlyArray<string>
  readonly evolve: (state: T["State"], recorded: RecordedEvent<T["Event"]>, key: string) => T["State"] | null
  /** Never there: a copy of a view with something changed, such as `{ ...view, version: 2 }`, is known by it for a view. */
  readonly "~types"?: T
}

/**
 * A row as of a position in the log. A row that was deleted is kept as `null`, so that events which come again do not
 * bring it back; it can be dropped once nothing up to its position will be delivered any more.
 *
 * @category models
 * @since 0.1.0
 */
export interface Row<out State> {
  readonly state: State | null
  readonly position: number
}

/**
 * Rows by key.
 *
 * @category models
 * @since 0.1.0
 */
export type Rows<State> = ReadonlyMap<string, Row<State>>

/**
 * Defines a view. Its events are those of the aggregates in `from`.
 *
 * **Details**
 *
 * `key` says which row an event concerns: one key, several or none. If it is left out, every stream has a row, under its
 * id.
 *
 * **Gotchas**
 *
 * Throws if events come from several aggregates and no `key` is given: two streams may have the same id.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <const Sources extends EventSources, const State extends {}>(
  name: string,
  options: {
    readonly version: number
    readonly from: Sources
    readonly state: Schema.Codec<State, unknown>
    readonly initial: NoInfer<State>
    readonly key?: (recorded: RecordedEvent<EventOf<Sources>>) => string | ReadonlyArray<string>
    readonly evolve: (
      state: State,
      recorded: RecordedEvent<EventOf<Sources>>,
      key: string
    ) => NoInfer<State> | null
  }
): View<{ readonly Event: EventOf<Sources>; readonly State: State }> => {
  const { evolve, from, initial, key, state, version } = options
  if (key === undefined && from.length > 1) {
    const categories = from.map(({ category }) => category).join(", ")
    throw new Error(`View ${name} reads ${categories}: say by \`key\` which row an event concerns`)
  }
  return {
    name,
    version,
    from: sourcesOf(from),
    state,
    initial,
    ...ViewHandler.projection,
    partitionedBy: key === undefined ? "stream" : "key",
    keys: key === undefined ? ({ stream }) => [stream.id] : (recorded) => {
      const keys = key(recorded)
      return typeof keys === "string" ? [keys] : [...new Set(keys)]
    },
    evolve
  }
}

/** The compiler does not see by itself that each of them is a source of one of their events. */
const sourcesOf = <Sources extends EventSources>(from: Sources) =>
  from as EventSources as NonEmptyReadonlyArray<EventSource<EventOf<Sources>>>

/**
 * The row after an event, or the very same row if it has had that event already.
 *
 * @category folding
 * @since 0.1.0
 */
export const advance: <T extends Types>(
  self: View<T>,
  row: Row<T["State"]> | undefined,
  recorded: RecordedEvent<T["Event"]>,
  key: string
) => Row<T["State"]> = Advancing.advance

/**
 * The rows after these events, which come in the order of the log. Events that a row has had already do not count again,
 * so that events may be delivered twice.
 *
 * @category folding
 * @since 0.1.0
 */
export const fold = <T extends Types>(
  self: View<T>,
  rows: Rows<T["State"]>,
  events: Iterable<RecordedEvent<T["Event"]>>
): Rows<T["State"]> => {
  const after = new Map(rows)
  for (const recorded of events) {
    for (const key of self.keys(recorded)) after.set(key, advance(self, after.get(key), recorded, key))
  }
  return after
}

/**
 * What a reader sees: the states by key, without the rows that were deleted.
 *
 * @category getters
 * @since 0.1.0
 */
export const states = <State>(rows: Rows<State>): ReadonlyMap<string, State> => {
  const present = new Map<string, State>()
  for (const [key, { state }] of rows) if (state !== null) present.set(key, state)
  return present
}

/**
 * The types of a view that is made of others.
 *
 * @category utility types
 * @since 0.1.0
 */
export type Combined<Parts extends { readonly [name: string]: Types }> = {
  readonly Event: Parts[keyof Parts]["Event"]
  readonly State: { readonly [Name in keyof Parts]: Parts[Name]["State"] | null }
}

/**
 * Makes one view of several: a row has a part for each of them, `null` where that view has no row under the key.
 *
 * **Details**
 *
 * Each part is as its view would have it alone; a row is gone when all its parts are. Its version is the sum of theirs, so
 * that it changes when one of them does.
 *
 * @category combining
 * @since 0.1.0
 */
export const combine = <const Parts extends { readonly [name: string]: Types }>(
  name: string,
  views: { readonly [Name in keyof Parts]: View<Parts[Name]> }
): View<Combined<Parts>> => CombinedView.make(name, views)
