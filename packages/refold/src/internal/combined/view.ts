import * as Arr from "effect/Array"
import * as Schema from "effect/Schema"
import type { Tagged } from "../../Decider.ts"
import type { EventSource } from "../../EventSource.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import type { Combined, Types, View } from "../../View.ts"
import * as ViewHandler from "../projections/viewHandler.ts"

/** A part, when nothing but its name is known of it. */
interface Part extends Types {
  readonly Event: Tagged
  readonly State: unknown
}

type State = Readonly<Record<string, unknown>>

/** Hands every event to the views that read its category, and of those to the ones in which it concerns the row. */
export const make = <Parts extends { readonly [name: string]: Types }>(
  name: string,
  views: { readonly [Name in keyof Parts]: View<Parts[Name]> }
): View<Combined<Parts>> => {
  const parts = Object.entries<View<Part>>(views as never).map(([name, view]) => ({ name, view, keys: keysOf(view) }))
  const from = sources(name, parts.flatMap(({ view }) => view.from))
  if (!Arr.isReadonlyArrayNonEmpty(from)) throw new Error(`View ${name} is made of no views`)
  const combined: View<Part & { readonly State: State }> = {
    name,
    version: parts.reduce((sum, { view }) => sum + view.version, 0),
    from,
    state: Schema.Struct(Object.fromEntries(parts.map(({ name, view }) => [name, Schema.NullOr(view.state)]))),
    initial: Object.fromEntries(parts.map(({ name }) => [name, null])),
    ...ViewHandler.projection,
    partitionedBy: from.length === 1 && parts.every(({ view }) => view.partitionedBy === "stream") ? "stream" : "key",
    keys: (recorded) => [...new Set(parts.flatMap(({ keys }) => [...keys(recorded)]))],
    evolve: (state, recorded, key) => {
      const after: Record<string, unknown> = { ...state }
      for (const { keys, name, view } of parts) {
        if (keys(recorded).has(key)) after[name] = view.evolve(state[name] ?? view.initial, recorded, key)
      }
      return Object.values(after).some((part) => part !== null) ? after : null
    }
  }
  // what the parts are is lost in the loops over them
  return combined as never
}

/** The rows of one part that an event concerns; asked again for each of them. */
const keysOf = ({ from, keys }: View<Part>): (recorded: RecordedEvent<Tagged>) => ReadonlySet<string> => {
  const categories = new Set(from.map(({ category }) => category))
  let latest: { readonly recorded: RecordedEvent<Tagged>; readonly keys: ReadonlySet<string> } | undefined
  return (recorded) => {
    if (latest?.recorded !== recorded) {
      latest = { recorded, keys: new Set(categories.has(recorded.stream.category) ? keys(recorded) : []) }
    }
    return latest.keys
  }
}

const sources = (view: string, all: ReadonlyArray<EventSource>): ReadonlyArray<EventSource> => {
  const byCategory = new Map(all.map((source) => [source.category, source]))
  for (const source of all) {
    if (byCategory.get(source.category)?.codec !== source.codec) {
      throw new Error(`View ${view} reads ${source.category} by two different definitions; keep one`)
    }
  }
  return [...byCategory.values()]
}
