import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { commandTags, eventTags } from "./domain.ts"
import * as Program from "./program.ts"

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

const pair = <A>(value: Arbitrary.Arbitrary<A>): Arbitrary.Arbitrary<readonly [A, A]> =>
  Arbitrary.map(Arbitrary.all({ one: value, other: value }), ({ one, other }) => [one, other])

const ago = oneOf(0, 0, 0, 1, 2, -1)
const stream = oneOf(0, 0, 0, 1, 2, 3)
const tenant = oneOf(0, 0, 1)
const turns = oneOf(0, 1, 2, 3, 5, 8, 13, 21, 34)
const eventTag = oneOf(...eventTags)

const demand: Arbitrary.Arbitrary<Program.Demand> = eitherOf<Program.Demand>(
  Arbitrary.map(oneOf("any", "any", "noStream", "streamExists"), (_tag) => ({ _tag })),
  tagged("at", Arbitrary.all({ ago })),
  tagged("onlySince", Arbitrary.all({ ago, types: Arbitrary.array(eventTag, { maxLength: 3 }) }))
)

const any = oneOf<Program.Demand>({ _tag: "any" })
const givenUpAfter = oneOf(undefined, undefined, undefined, undefined, 0, 1, 3, 8, 21)

const part = (maxLength: number): Arbitrary.Arbitrary<Program.Part> =>
  Arbitrary.all({ stream, demand, events: Arbitrary.array(eventTag, { maxLength }) })

const append: Arbitrary.Arbitrary<Program.Write> = tagged("Append", part(4))

const appendAll: Arbitrary.Arbitrary<Program.Write> = tagged(
  "AppendAll",
  Arbitrary.all({ parts: Arbitrary.array(part(2), { minLength: 1, maxLength: 3 }) })
)

const send: Arbitrary.Arbitrary<Program.Write> = tagged(
  "Send",
  Arbitrary.all({
    parcel: oneOf(0, 0, 1),
    demands: pair(eitherOf(any, demand)),
    change: oneOf(...Program.changes),
    untilAnswered: oneOf(false, true)
  })
)

const command = { command: oneOf(...commandTags), says: oneOf("nothing", "nothing", "seen", "strict"), ago }

const execute: Arbitrary.Arbitrary<Program.Write> = tagged("Execute", Arbitrary.all({ stream, ...command }))

const write = eitherOf(append, append, appendAll, send, send, execute, execute, execute)

const burst: Arbitrary.Arbitrary<Program.Burst> = tagged(
  "Burst",
  Arbitrary.all({
    stream,
    appends: Arbitrary.array(
      Arbitrary.all({
        demand: eitherOf(any, any, any, demand),
        events: Arbitrary.array(eventTag, { minLength: 1, maxLength: 3 }),
        givenUpAfter
      }),
      { minLength: 2, maxLength: 5 }
    )
  })
)

const crowd: Arbitrary.Arbitrary<Program.Crowd> = tagged(
  "Crowd",
  Arbitrary.all({
    stream,
    commands: Arbitrary.array(
      Arbitrary.all({ ...command, givenUpAfter }),
      { minLength: 2, maxLength: 6 }
    )
  })
)

const action = ({ kills, transactions }: Program.Abilities): Arbitrary.Arbitrary<Program.Action> => {
  const read: Arbitrary.Arbitrary<Program.Action> = eitherOf<Program.Action>(
    tagged("Read", Arbitrary.all({ stream, after: oneOf(0, 0, 1, 3) })),
    tagged("ReadAll", Arbitrary.all({ tenant, pageSize: oneOf(1000, 1, 2, 3) }))
  )
  const transact = tagged(
    "Transact",
    Arbitrary.all({
      writes: Arbitrary.array(write, { minLength: 1, maxLength: 3 }),
      end: oneOf("commit", "rollback")
    })
  )
  const work = eitherOf<Program.Write | Program.Transact | Program.Burst | Program.Crowd>(
    write,
    write,
    write,
    crowd,
    burst,
    ...transactions ? [transact] : []
  )
  const interrupt: Arbitrary.Arbitrary<Program.Action> = tagged("Interrupt", Arbitrary.all({ work, after: turns }))
  const kill: Arbitrary.Arbitrary<Program.Action> = tagged("Kill", Arbitrary.all({ session: upTo(99) }))
  return eitherOf<Program.Action>(
    ...Array.from({ length: 8 }, () => write),
    read,
    read,
    burst,
    burst,
    crowd,
    crowd,
    interrupt,
    interrupt,
    ...transactions ? [transact, transact, transact] : [],
    ...kills ? [kill] : []
  )
}

const parcel: Arbitrary.Arbitrary<Program.Parcel> = Arbitrary.all({
  streams: pair(stream),
  events: pair(Arbitrary.array(eventTag, { minLength: 1, maxLength: 3 })),
  single: oneOf(true, false)
})

const tuning: Arbitrary.Arbitrary<Program.Tuning> = Arbitrary.all({
  cachedStates: oneOf(1000, 1, 0),
  commandsPerAppend: oneOf(100, 2, 1)
})

/** Random programs for the clients of a store that can do these things. */
export const programs = (abilities: Program.Abilities): Arbitrary.Arbitrary<Program.Program> => {
  const { clients } = abilities
  const client = upTo(clients - 1)
  const step = Arbitrary.all({
    action: action(abilities),
    until: oneOf(0, 0, 0, 0, 1, 2, 99),
    turns: Arbitrary.array(turns, { maxLength: 4 })
  })
  const subscriber = Arbitrary.all({
    client,
    tenant,
    when: oneOf(0, 3, 6, 10, 15),
    from: oneOf("the beginning", "the middle"),
    pageSize: oneOf(1000, 1, 2, 3),
    categories: oneOf([0], [0, 1], [1])
  })
  const fiber = Arbitrary.all({ client, steps: Arbitrary.array(step, { minLength: 1, maxLength: 8 }) })
  return Arbitrary.all({
    fibers: Arbitrary.array(fiber, { minLength: 2, maxLength: 6 }),
    subscribers: Arbitrary.array(subscriber, { maxLength: 3 }),
    parcels: pair(parcel),
    tunings: Arbitrary.array(tuning, { minLength: clients, maxLength: clients })
  })
}
