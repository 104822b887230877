import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"

/** A rejection: there is less than was asked for. */
export class TooLittle extends Data.TaggedError("TooLittle")<{ readonly there: number }> {}

const Noted = { note: Schema.String }
const Counted = { amount: Schema.Int, note: Schema.String }

/**
 * A stock with a name, which knows all three verdicts, decisions of none, one and two events, and a rejection. Every note
 * is another one, so that no two events are alike. Every call makes one that shares nothing in the process with others.
 */
export const makeStock = (category: string) =>
  Aggregate.make(category, {
    command: Schema.TaggedUnion({ Open: Noted, Rename: Noted, Add: Counted, Take: Counted, Clear: Noted }),
    event: Schema.TaggedUnion({ Opened: Noted, Renamed: Noted, Added: Counted, Taken: Counted }),
    state: Schema.Struct({ name: Schema.String, amount: Schema.Int }),
    initial: { name: "", amount: 0 },
    decide: (command, { amount }) => {
      const { note } = command
      switch (command._tag) {
        case "Open":
          return [{ _tag: "Opened", note }]
        case "Rename":
          return [{ _tag: "Renamed", note }]
        case "Add":
          return [{ _tag: "Added", amount: command.amount, note }]
        case "Take":
          return amount < command.amount
            ? Result.fail(new TooLittle({ there: amount }))
            : [{ _tag: "Taken", amount: command.amount, note }]
        case "Clear":
          return amount === 0 ? [] : [{ _tag: "Taken", amount, note }, { _tag: "Renamed", note }]
      }
    },
    evolve: (state, event) => {
      switch (event._tag) {
        case "Opened":
        case "Renamed":
          return { ...state, name: event.note }
        case "Added":
          return { ...state, amount: state.amount + event.amount }
        case "Taken":
          return { ...state, amount: state.amount - event.amount }
      }
    },
    conflicts: {
      Opened: "collides",
      Renamed: { collides: ["Opened", "Renamed"] },
      Added: { collides: ["Opened"] },
      Taken: { collides: ["Opened"], redecides: ["Added", "Taken"] }
    }
  })

export type Stock = ReturnType<typeof makeStock>
export type StockEvent = Stock["event"]["Type"]
export type StockCommand = Stock["command"]["Type"]

export const eventTags = ["Added", "Renamed", "Taken", "Opened"] as const
export const commandTags = ["Add", "Rename", "Take", "Clear", "Open"] as const

export const eventOf = (_tag: typeof eventTags[number], note: string): StockEvent =>
  _tag === "Added" || _tag === "Taken" ? { _tag, amount: 1, note } : { _tag, note }

export const commandOf = (_tag: typeof commandTags[number], note: string): StockCommand =>
  _tag === "Add" || _tag === "Take" ? { _tag, amount: _tag === "Add" ? 1 : 2, note } : { _tag, note }
