import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import type { Tagged } from "../../Decider.ts"
import * as EventCodec from "../../EventCodec.ts"
import type { EventSource } from "../../EventSource.ts"
import type { Entry, Outcome as OutcomeType } from "../../Inbox.ts"
import * as View from "../../View.ts"
import { Outcome } from "./outcome.ts"

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

export type Entries = EventSource<Event>

/** The streams of an inbox. */
export const make = (category: string): EventSource<Event> => ({ category, codec: EventCodec.make(eventOf()) })

const Row = () =>
  Schema.Struct({
    category: Schema.String,
    id: Schema.String,
    command: Schema.Json,
    actor: Schema.UndefinedOr(Schema.String),
    submittedAt: Schema.DateTimeUtcFromString,
    position: Schema.Int,
    versions: Schema.Array(Schema.Int),
    outcome: Schema.UndefinedOr(Outcome),
    answeredAt: Schema.UndefinedOr(Schema.DateTimeUtcFromString)
  })

/** Before a command is submitted. */
const unknown: Entry = {
  category: "",
  id: "",
  command: null,
  actor: undefined,
  submittedAt: DateTime.makeUnsafe(0),
  position: 0,
  versions: [],
  outcome: undefined,
  answeredAt: undefined
}

/** What was appended is the truth, if two who took each other for dead have come to different answers. */
const latest = (
  { answeredAt, outcome }: Entry,
  next: OutcomeType,
  nextAt: DateTime.Utc
): Pick<Entry, "outcome" | "answeredAt"> =>
  outcome?._tag === "Appended" ? { outcome, answeredAt } : { outcome: next, answeredAt: nextAt }

/** A row for each command. */
export const log = (name: string, entries: Entries): View.View<{ readonly Event: Tagged; readonly State: Entry }> => {
  const view = View.make(`${name} log`, {
    version: 1,
    from: [entries],
    state: Row(),
    initial: unknown,
    key: ({ event }) => event.commandId,
    evolve: (entry, { event, metadata, position, recordedAt, stream, version }): Entry | null =>
      event._tag === "Submitted"
        ? {
          category: event.category,
          id: stream.id,
          command: event.command,
          actor: metadata.actor,
          submittedAt: recordedAt,
          position,
          versions: [version],
          outcome: undefined,
          answeredAt: undefined
        }
        // its time was over, and it is there only as the last event of its stream
        : entry.position === 0
        ? null
        : { ...entry, ...latest(entry, event.outcome, recordedAt), versions: [...entry.versions, version] }
  })
  return view as never
}
