import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Aggregate } from "../../Aggregate.ts"
import type { Types } from "../../Decider.ts"
import { EventStore } from "../../EventStore.ts"
import { EventStoreError, InvalidEvent } from "../../EventStoreError.ts"
import type { Inbox, Outcome, SubmitOptions } from "../../Inbox.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import * as StreamId from "../../StreamId.ts"
import { streamId } from "../store/naming.ts"
import type { Event } from "./entries.ts"
import * as Listening from "./listening.ts"
import * as Writing from "./writing.ts"

/** Writes a command down, once. */
export const submit = Effect.fnUntraced(function*<T extends Types>(
  { entries, name, targets }: Inbox,
  { category, command: schema }: Aggregate<T>,
  id: string,
  command: T["Command"],
  { commandId, metadata, seen, strict }: SubmitOptions
): Effect.fn.Return<Writing.Written, EventStoreError, EventStore> {
  if (!targets.some((target) => target.category === category)) {
    return yield* Effect.die(new Error(`the inbox ${name} does not take commands to ${category}`))
  }
  const stream = yield* streamId(name, id)
  const invalid = (problem: string) =>
    new EventStoreError({ reason: new InvalidEvent({ stream, type: command._tag, problem }) })
  // it is a key of the log
  const problem = StreamId.problem({ ...stream, id: commandId })
  if (problem !== undefined) return yield* invalid(`the id of the command cannot be one: ${problem}`)
  const json = yield* Effect.mapError(
    Schema.encodeUnknownEffect(Schema.toCodecJson(schema))(command),
    ({ message }) => invalid(message)
  )
  const event: Event = {
    _tag: "Submitted",
    commandId,
    category,
    command: json,
    ...seen === undefined ? {} : { seen },
    ...strict === undefined ? {} : { strict }
  }
  return yield* Writing.write(entries, id, event, ["submitted"], metadata)
})

/** Writes a command down, and waits for what becomes of it. */
export const execute = Effect.fnUntraced(function*<T extends Types>(
  inbox: Inbox,
  aggregate: Aggregate<T>,
  id: string,
  command: T["Command"],
  options: SubmitOptions
): Effect.fn.Return<Outcome, EventStoreError, EventStore> {
  const { entries } = inbox
  const { commandId } = options
  const store = yield* EventStore
  const answerIn = <E, R>(events: Stream.Stream<RecordedEvent<Event>, E, R>) =>
    Stream.runHead(
      Stream.filterMap(events, ({ event }) =>
        event._tag === "Answered" && event.commandId === commandId ? Result.succeed(event.outcome) : Result.failVoid)
    )
  return yield* Listening.listen(
    entries,
    { id, commandId },
    Effect.fnUntraced(function*(after) {
      for (;;) {
        const { position, repeated, version } = yield* submit(inbox, aggregate, id, command, options)
        const { mayBePast, outcome } = yield* after(position)
        if (repeated || mayBePast) {
          // of a command that was there before, there may be much to pass over in the log, and little in its stream
          const known = yield* answerIn(store.read(entries, id, { after: version }))
          if (Option.isSome(known)) return known.value
          // its time was over, and it was removed just now
          if (!(yield* Writing.isSubmitted(entries, { id, commandId }))) continue
        }
        return yield* outcome
      }
    })
  )
})
