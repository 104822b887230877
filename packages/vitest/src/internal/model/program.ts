import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { commandTags, eventTags } from "./domain.ts"

/** What an append demands; versions are counted back from the one its client last heard of. */
export type Demand =
  | { readonly _tag: "any" | "noStream" | "streamExists" }
  | { readonly _tag: "at"; readonly ago: number }
  | { readonly _tag: "onlySince"; readonly ago: number; readonly types: ReadonlyArray<typeof eventTags[number]> }

/** `stream` is an index into {@link streams}. */
export type Write =
  | {
    readonly _tag: "Append"
    readonly stream: number
    readonly demand: Demand
    readonly events: ReadonlyArray<typeof eventTags[number]>
  }
  | {
    readonly _tag: "Execute"
    readonly stream: number
    readonly command: typeof commandTags[number]
    readonly says: "nothing" | "seen" | "strict"
    readonly ago: number
  }

export interface Transact {
  readonly _tag: "Transact"
  readonly writes: ReadonlyArray<Write>
  readonly end: "commit" | "rollback"
}

export type Action =
  | Write
  | Transact
  | { readonly _tag: "Read"; readonly stream: number; readonly after: number }
  | { readonly _tag: "ReadAll"; readonly pageSize: number }
  | { readonly _tag: "Interrupt"; readonly work: Write | Transact; readonly after: number }
  | { readonly _tag: "Kill"; readonly session: number }

/** An action, what it waits for, and how often it gives way to others before each of its calls of the store. */
export interface Step {
  readonly action: Action
  /** It starts when so many of the actions then under way have ended. */
  readonly until: number
  readonly turns: ReadonlyArray<number>
}

/** A subscriber that comes when so many actions have ended, and starts at the beginning or at what was known by then. */
export interface Subscriber {
  readonly client: number
  readonly when: number
  readonly from: "the beginning" | "the middle"
  readonly pageSize: number
  readonly categories: ReadonlyArray<number>
}

/** What one fiber of a client does. */
export interface Fiber {
  readonly client: number
  readonly steps: ReadonlyArray<Step>
}

/** What concurrent clients do, as data. */
export interface Program {
  readonly fibers: ReadonlyArray<Fiber>
  readonly subscribers: ReadonlyArray<Subscriber>
}

/** What the clients of a store can do besides appending and reading. */
export interface Abilities {
  readonly clients: number
  readonly transactions: boolean
  readonly kills: boolean
}

/** The streams of a program: the index of the category, and the id. */
export const streams = [{ category: 0, id: "a" }, { category: 0, id: "b" }, { category: 1, id: "a" }] as const

const upTo = (maximum: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum })))

/** Picks among a few values; listing one twice makes it twice as likely. Shrinks towards the first. */
const oneOf = <const A>(...values: ReadonlyArray<A>): Arbitrary.Arbitrary<A> =>
  Arbitrary.map(upTo(values.length - 1), (index) => values[index]!)

/** Does the same with what makes values. */
const eitherOf = <A>(...choices: ReadonlyArray<Arbitrary.Arbitrary<A>>): Arbitrary.Arbitrary<A> =>
  Arbitrary.flatMap(upTo(choices.length - 1), (index) => choices[index]!)

const tagged = <const Tag extends string, A extends object>(_tag: Tag, fields: Arbitrary.Arbitrary<A>) =>
  Arbitrary.map(fields, (fields) => ({ ...fields, _tag }))

const ago = oneOf(0, 0, 0, 1, 2, -1)
const stream = oneOf(0, 0, 1, 2)
const turns = oneOf(0, 1, 2, 3, 5, 8, 13, 21, 34)

const demand: Arbitrary.Arbitrary<Demand> = eitherOf<Demand>(
  Arbitrary.map(oneOf("any", "any", "noStream", "streamExists"), (_tag) => ({ _tag })),
  tagged("at", Arbitrary.all({ ago })),
  tagged("onlySince", Arbitrary.all({ ago, types: Arbitrary.array(oneOf(...eventTags), { maxLength: 3 }) }))
)

const append: Arbitrary.Arbitrary<Write> = tagged(
  "Append",
  Arbitrary.all({ stream, demand, events: Arbitrary.array(oneOf(...eventTags), { maxLength: 4 }) })
)

const execute: Arbitrary.Arbitrary<Write> = tagged(
  "Execute",
  Arbitrary.all({ stream, command: oneOf(...commandTags), says: oneOf("nothing", "nothing", "seen", "strict"), ago })
)

const write = eitherOf(append, execute)

const action = ({ kills, transactions }: Abilities): Arbitrary.Arbitrary<Action> => {
  const read: Arbitrary.Arbitrary<Action> = eitherOf<Action>(
    tagged("Read", Arbitrary.all({ stream, after: oneOf(0, 0, 1, 3) })),
    tagged("ReadAll", Arbitrary.all({ pageSize: oneOf(1000, 1, 2, 3) }))
  )
  const transact = tagged(
    "Transact",
    Arbitrary.all({
      writes: Arbitrary.array(write, { minLength: 1, maxLength: 3 }),
      end: oneOf("commit", "rollback")
    })
  )
  const work = transactions ? eitherOf<Write | Transact>(write, write, transact) : write
  const interrupt: Arbitrary.Arbitrary<Action> = tagged("Interrupt", Arbitrary.all({ work, after: turns }))
  const kill: Arbitrary.Arbitrary<Action> = tagged("Kill", Arbitrary.all({ session: upTo(99) }))
  return eitherOf<Action>(
    ...Array.from({ length: 8 }, () => write),
    read,
    read,
    interrupt,
    interrupt,
    ...transactions ? [transact, transact, transact] : [],
    ...kills ? [kill] : []
  )
}

/** Random programs for the clients of a store that can do these things. */
export const programs = (abilities: Abilities): Arbitrary.Arbitrary<Program> => {
  const client = upTo(abilities.clients - 1)
  const step = Arbitrary.all({
    action: action(abilities),
    until: oneOf(0, 0, 0, 0, 1, 2, 99),
    turns: Arbitrary.array(turns, { maxLength: 4 })
  })
  const subscriber = Arbitrary.all({
    client,
    when: oneOf(0, 3, 6, 10, 15),
    from: oneOf("the beginning", "the middle"),
    pageSize: oneOf(1000, 1, 2, 3),
    categories: oneOf([0], [0, 1], [1])
  })
  const fiber = Arbitrary.all({ client, steps: Arbitrary.array(step, { minLength: 1, maxLength: 8 }) })
  return Arbitrary.all({
    fibers: Arbitrary.array(fiber, { minLength: 2, maxLength: 6 }),
    subscribers: Arbitrary.array(subscriber, { maxLength: 3 })
  })
}
