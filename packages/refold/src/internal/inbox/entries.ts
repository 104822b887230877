import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import * as Aggregate from "../../Aggregate.ts"
import type { Tagged } from "../../Decider.ts"
import { type Entry, Outcome } from "../../Inbox.ts"
import * as View from "../../View.ts"

/*
 * An inbox has a stream for each id that commands are sent to: in it are the commands as they were accepted, and what
 * became of each.
 */

const eventOf = () =>
  Schema.TaggedUnion({
    Submitted: {
      commandId: Schema.String,
      category: Schema.String,
      command: Schema.Json,
      seen: Schema.optionalKey(Schema.Int),
      strict: Schema.optionalKey(Schema.Int)
    },
    Answered: { commandId: Schema.String, outcome: Outcome }
  })
export type Event = ReturnType<typeof eventOf>["Type"]

export type Entries = ReturnType<typeof make>

/** The streams of an inbox, as an aggregate that writes down what it is told. */
export const make = (name: string) => {
  const event = eventOf()
  return Aggregate.make(name, {
    command: Schema.TaggedUnion({ Write: { event } }),
    event,
    state: Schema.Null,
    initial: null,
    decide: (command) => [command.event],
    evolve: (state) => state,
    conflicts: "commutes"
  })
}

const Row = () =>
  Schema.Struct({
    category: Schema.String,
    id: Schema.String,
    command: Schema.Json,
    actor: Schema.UndefinedOr(Schema.String),
    submittedAt: Schema.DateTimeUtcFromString,
    position: Schema.Int,
    outcome: Schema.UndefinedOr(Outcome),
    answeredAt: Schema.UndefinedOr(Schema.DateTimeUtcFromString)
  })

/** Before a command is submitted; nothing is answered before that. */
const unknown: Entry = {
  category: "",
  id: "",
  command: null,
  actor: undefined,
  submittedAt: DateTime.makeUnsafe(0),
  position: 0,
  outcome: undefined,
  answeredAt: undefined
}

/** A row for each command. */
export const log = (name: string, entries: Entries): View.View<{ readonly Event: Tagged; readonly State: Entry }> => {
  const view = View.make(`${name} log`, {
    version: 1,
    from: [entries],
    state: Row(),
    initial: unknown,
    key: ({ event }) => event.commandId,
    evolve: (entry, { event, metadata, position, recordedAt, stream }): Entry =>
      event._tag === "Submitted"
        ? {
          category: event.category,
          id: stream.id,
          command: event.command,
          actor: metadata.actor,
          submittedAt: recordedAt,
          position,
          outcome: undefined,
          answeredAt: undefined
        }
        // what was appended is the truth, if two who took each other for dead have come to different answers
        : entry.outcome?._tag === "Appended"
        ? entry
        : { ...entry, outcome: event.outcome, answeredAt: recordedAt }
  })
  return view as never
}
