import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Aggregate } from "refold/Aggregate"
import type { Conflicts } from "refold/Conflicts"
import type { Tagged, Types } from "refold/Decider"
import { ask } from "./asking.ts"
import { Broken, type Fault } from "./fault.ts"
import { freeze } from "./freeze.ts"
import { same } from "./same.ts"
import { showTagged, words } from "./show.ts"
import { type Codecs, codecs } from "./surviving.ts"

export type Decision = Result.Result<ReadonlyArray<Tagged>, unknown>

/**
 * An aggregate under examination. Its types end here: the engine knows of tags and values. Whatever is found out about
 * its functions while they are called is thrown as {@link Broken}.
 */
export interface Subject {
  /** What people call it: "the lead". */
  readonly name: string
  readonly initial: unknown
  readonly commandTags: ReadonlyArray<string>
  readonly eventTags: ReadonlyArray<string>
  /** Where an event tag stands among `eventTags`. */
  readonly indexOf: (tag: string) => number
  readonly isCommand: (value: unknown) => boolean
  readonly commandOf: (tag: string) => Schema.Codec<unknown, unknown>
  /** What is given to these two is frozen, and what comes back has to be before it is given to them. */
  readonly decide: (command: Tagged, state: unknown) => Decision
  readonly evolve: (state: unknown, event: Tagged) => unknown
  readonly fold: (state: unknown, events: ReadonlyArray<Tagged>) => unknown
  readonly sameState: (a: unknown, b: unknown) => boolean
  readonly invariant: ((state: unknown) => boolean) | undefined
  /** `undefined` if the table is not asked. */
  readonly conflicts: Conflicts<Tagged> | undefined
  readonly codecs: Codecs
}

export const make = <T extends Types>(
  aggregate: Aggregate<T>,
  options: { readonly invariant?: ((state: T["State"]) => boolean) | undefined; readonly table: boolean }
): Subject => {
  const { invariant } = options
  const cases = casesOf(aggregate.command)
  const eventTags = aggregate.codec.tags
  const places = new Map<string, number>(eventTags.map((tag, place) => [tag, place]))
  const equivalent = equivalenceOf(aggregate.state)

  const decide = (command: Tagged, state: unknown): Decision => {
    const decision = ask("decide", command, state, (command, state) => aggregate.decide(command, state))
    if (Result.isSuccess(decision)) {
      for (const event of decision.success) if (!places.has(event._tag)) throw new Broken(stranger(command, event))
    }
    return decision
  }
  const evolve = (state: unknown, event: Tagged): unknown =>
    ask("evolve", event, state, (event, state) => aggregate.evolve(state, event))

  return {
    name: words(aggregate.category),
    initial: freeze(aggregate.initial),
    commandTags: Object.keys(cases),
    eventTags,
    indexOf: (tag) => places.get(tag) ?? -1,
    isCommand: Schema.is(aggregate.command),
    commandOf: (tag) => cases[tag]!,
    decide,
    evolve,
    fold: (state, events) => {
      for (const event of events) state = evolve(freeze(state), event)
      return state
    },
    sameState: (a, b) => same(a, b) || equivalent(a, b),
    invariant: invariant === undefined ? undefined : (state) => invariant(state),
    conflicts: options.table ? untyped(aggregate.conflicts) : undefined,
    codecs: codecs(aggregate)
  }
}

type Cases = Readonly<Record<string, Schema.Codec<Tagged, unknown>>>

/** The commands of a union by their tag; also of one that was not made to be asked for them. */
const casesOf = (schema: Schema.Codec<Tagged, unknown>): Cases => {
  const union = "cases" in schema
    ? schema
    : "members" in schema
    ? Schema.toTaggedUnion("_tag")(schema as never)
    : undefined
  if (union !== undefined) return union.cases as Cases
  throw new Error(`The commands are not a tagged union: make their schema with Schema.TaggedUnion`)
}

/** A second opinion on states that are not alike: their schema may say that they mean the same. */
const equivalenceOf = (schema: Schema.Codec<unknown, unknown>): (a: unknown, b: unknown) => boolean => {
  try {
    return Schema.toEquivalence(schema)
  } catch {
    return () => false
  }
}

/** The same table, asked with tags and values. */
const untyped = <Event extends Tagged>(conflicts: Conflicts<Event>): Conflicts<Tagged> => conflicts as never

const stranger = (command: Tagged, event: Tagged): Fault => ({
  law: "survives",
  key: `survives event ${event._tag}`,
  headline: `decide(${command._tag}) answers with ${event._tag}, which is not one of the events.`,
  details: [`${showTagged(command)}  →  ${showTagged(event)}`],
  waysOut: [`add ${event._tag} to the schema of the events`]
})
