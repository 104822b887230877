/** Tables of a restaurant, people who sit at them, and who sits where: events that concern several rows of a view. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import { EventStore } from "refold/EventStore"
import * as View from "refold/View"
import { freshId } from "./fixtures.ts"

const people = Schema.Array(Schema.String)

const makeTable = () =>
  Aggregate.make(`Table-${freshId()}`, {
    command: Schema.TaggedUnion({ Sit: { people } }),
    event: Schema.TaggedUnion({ Sat: { people }, Risen: { people }, Noted: { text: Schema.String } }),
    state: Schema.Int,
    initial: 0,
    decide: ({ people }) => [{ _tag: "Sat", people }],
    evolve: (seated, event) => event._tag === "Sat" ? seated + event.people.length : seated,
    conflicts: "commutes"
  })

type Table = ReturnType<typeof makeTable>

/** A row per table, which its stream makes. */
const makeByTable = (table: Table) =>
  View.make(`by-table-${freshId()}`, {
    version: 1,
    from: [table],
    state: Schema.Struct({ people: Schema.Int, note: Schema.String }),
    initial: { people: 0, note: "" },
    evolve: (row, { event }) => {
      switch (event._tag) {
        case "Sat":
          return { ...row, people: row.people + event.people.length }
        case "Risen":
          return { ...row, people: row.people - event.people.length }
        case "Noted":
          return { ...row, note: event.text }
      }
    }
  })

/** A row per person, with the tables where they sit; it goes when they have left the last one. */
const makeByPerson = (table: Table) =>
  View.make(`by-person-${freshId()}`, {
    version: 1,
    from: [table],
    state: Schema.Struct({ tables: Schema.Array(Schema.String) }),
    initial: { tables: [] },
    key: ({ event }) => event._tag === "Noted" ? [] : event.people,
    evolve: ({ tables }, { event, stream: { id } }) => {
      const after = event._tag === "Sat" ? [...tables, id] : tables.filter((table) => table !== id)
      return after.length === 0 ? null : { tables: after }
    }
  })

/** All of it anew, so that no test sees another's. */
export const makeBoard = () => {
  const table = makeTable()
  const append = (id: string, event: typeof table.event.Type) =>
    EventStore.use((store) => store.append(table, id, [event]))
  return {
    table,
    byTable: makeByTable(table),
    byPerson: makeByPerson(table),
    sit: (id: string, ...people: ReadonlyArray<string>) => append(id, { _tag: "Sat", people }),
    rise: (id: string, ...people: ReadonlyArray<string>) => append(id, { _tag: "Risen", people }),
    note: (id: string, text: string) => append(id, { _tag: "Noted", text }),
    /** Three people come, and one leaves. */
    play: Effect.gen(function*() {
      yield* append("1", { _tag: "Sat", people: ["Ann", "Bob"] })
      yield* append("2", { _tag: "Sat", people: ["Ann"] })
      yield* append("1", { _tag: "Risen", people: ["Ann", "Bob"] })
      yield* append("1", { _tag: "Sat", people: ["Cy"] })
    })
  }
}

/** What comes of `play`, by person. */
export const played: ReadonlyArray<readonly [person: string, row: { readonly tables: ReadonlyArray<string> }]> = [
  ["Ann", { tables: ["2"] }],
  ["Cy", { tables: ["1"] }]
]

export type Board = ReturnType<typeof makeBoard>
