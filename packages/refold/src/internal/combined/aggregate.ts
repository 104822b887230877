import * as Schema from "effect/Schema"
import type { Definition } from "../../Aggregate.ts"
import type { Combined, Tagged, Types } from "../../Decider.ts"
import type { TaggedUnionSchema } from "../../EventCodec.ts"
import * as Codec from "./codec.ts"
import * as Conflicts from "./conflicts.ts"
import * as Snapshots from "./snapshots.ts"
import * as Tags from "./tags.ts"
import * as Unique from "./unique.ts"

/** A part, when nothing but its name is known of it. */
interface Part extends Types {
  readonly Command: Tagged
  readonly Event: Tagged
  readonly State: unknown
  readonly Rejection: unknown
}

type State = Readonly<Record<string, unknown>>

/** Hands every command and event to the part whose it is, with that part of the state. */
export const make = <Parts extends { readonly [name: string]: Types }>(
  category: string,
  aggregates: { readonly [Name in keyof Parts]: Definition<Parts[Name]> }
): Definition<Combined<Parts>> => {
  const parts = new Map(Object.entries<Definition<Part>>(aggregates as never))
  if (parts.size === 0) throw new Error(`${category} is made of no aggregates`)
  const named = <A>(of: (part: Definition<Part>) => A): ReadonlyArray<readonly [string, A]> =>
    [...parts].map(([name, part]) => [name, of(part)])
  const commands = Tags.owners(category, "a command", named(({ command }) => Tags.of(command)))
  const events = Tags.owners(category, "an event", named(({ codec }) => codec.tags))
  const owner = (owners: ReadonlyMap<string, string>, tag: string) => {
    const name = owners.get(tag) ?? ""
    const part = parts.get(name)
    return part === undefined ? undefined : { name, part }
  }
  const combined: Definition<Part & { readonly State: State }> = {
    category,
    command: Tags.union([...parts.values()].map(({ command }) => command)),
    event: eventSchema([...parts.values()].flatMap(({ event }) => Object.values(event.cases))),
    state: Schema.Struct(Object.fromEntries(named(({ state }) => state))),
    initial: Object.fromEntries(named(({ initial }) => initial)),
    codec: Codec.make(new Map(named(({ codec }) => codec)), (tag) => owner(events, tag)?.part.codec),
    conflicts: Conflicts.make([...parts.values()].map(({ conflicts }) => conflicts)),
    snapshots: Snapshots.make(named(({ snapshots }) => snapshots)),
    unique: Unique.make(category, named(({ unique }) => unique)),
    decide: (command, state) => {
      const found = owner(commands, command._tag)
      if (found === undefined) throw new Error(`${command._tag} is not a command of ${category}`)
      return found.part.decide(command, state[found.name])
    },
    evolve: (state, event) => {
      const found = owner(events, event._tag)
      if (found === undefined) return state
      const { name, part } = found
      const before = state[name]
      const after = part.evolve(before, event)
      return after === before ? state : { ...state, [name]: after }
    }
  }
  // what the parts are is lost in the loops over them
  return combined as never
}

const eventSchema = (cases: ReadonlyArray<Schema.Codec<Tagged, unknown>>): TaggedUnionSchema<Tagged> =>
  Schema.toTaggedUnion("_tag")(Schema.Union(cases))
