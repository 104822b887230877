/** A domain whose laws hold, to be spoiled one piece at a time. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import type * as Conflicts from "refold/Conflicts"
import type * as EventCodec from "refold/EventCodec"

export class NotEnough extends Data.TaggedError("NotEnough")<{ readonly there: number }> {}
export class NotOpen extends Data.TaggedError("NotOpen")<{}> {}

const Amount = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))

const Command = Schema.TaggedUnion({
  Open: { owner: Schema.String },
  Deposit: { amount: Amount, note: Schema.String },
  Withdraw: { amount: Amount },
  Rename: { owner: Schema.String },
  Close: {}
})
const Event = Schema.TaggedUnion({
  Opened: { owner: Schema.String },
  Deposited: { amount: Amount, note: Schema.String },
  Withdrawn: { amount: Amount },
  Renamed: { owner: Schema.String },
  Closed: {}
})
const State = Schema.Struct({
  status: Schema.Literals(["none", "open", "closed"]),
  owner: Schema.String,
  balance: Schema.Int,
  notes: Schema.Array(Schema.String)
})
export type Command = typeof Command.Type
export type Event = typeof Event.Type
export type State = typeof State.Type

export type Decided = Result.Result<ReadonlyArray<Event>, NotEnough | NotOpen>

export const initial: State = { status: "none", owner: "", balance: 0, notes: [] }

export const decide = (command: Command, state: State): Decided => {
  if (command._tag === "Open") {
    return state.status === "none"
      ? Result.succeed([{ _tag: "Opened", owner: command.owner }])
      : Result.fail(new NotOpen())
  }
  if (state.status !== "open") return Result.fail(new NotOpen())
  switch (command._tag) {
    case "Deposit":
      return Result.succeed([{ _tag: "Deposited", amount: command.amount, note: command.note }])
    case "Withdraw":
      return state.balance < command.amount
        ? Result.fail(new NotEnough({ there: state.balance }))
        : Result.succeed([{ _tag: "Withdrawn", amount: command.amount }])
    case "Rename":
      return Result.succeed([{ _tag: "Renamed", owner: command.owner }])
    case "Close":
      return state.balance > 0
        ? Result.fail(new NotEnough({ there: state.balance }))
        : Result.succeed([{ _tag: "Closed" }])
  }
}

export const evolve = (state: State, event: Event): State => {
  switch (event._tag) {
    case "Opened":
      return { ...state, status: "open", owner: event.owner }
    case "Deposited":
      return { ...state, balance: state.balance + event.amount }
    case "Withdrawn":
      return { ...state, balance: state.balance - event.amount }
    case "Renamed":
      return { ...state, owner: event.owner }
    case "Closed":
      return { ...state, status: "closed" }
  }
}

export const conflicts = {
  Opened: "collides",
  Deposited: { collides: ["Opened"], redecides: ["Closed"] },
  Withdrawn: { collides: ["Opened"], redecides: ["Withdrawn", "Closed"] },
  Renamed: { collides: ["Opened", "Renamed"], redecides: ["Closed"] },
  Closed: { collides: ["Opened"], redecides: ["Deposited", "Closed"] }
} satisfies Conflicts.ConflictTable<Event>

/** The account, with some pieces changed. */
export const account = (pieces: {
  readonly decide?: (command: Command, state: State) => Decided
  readonly evolve?: (state: State, event: Event) => State
  readonly conflicts?: Conflicts.ConflictTable<Event>
  readonly event?: EventCodec.TaggedUnionSchema<Event>
} = {}) =>
  Aggregate.make("BankAccount", {
    command: Command,
    event: pieces.event ?? Event,
    state: State,
    initial,
    decide: pieces.decide ?? decide,
    evolve: pieces.evolve ?? evolve,
    conflicts: pieces.conflicts ?? conflicts
  })
