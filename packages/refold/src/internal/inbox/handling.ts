import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Aggregate } from "../../Aggregate.ts"
import { Conflict } from "../../Conflict.ts"
import type { Types } from "../../Decider.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Entry, Inbox, Outcome } from "../../Inbox.ts"
import type { Metadata } from "../../Metadata.ts"
import * as Projection from "../../Projection.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import { Tenant } from "../../StreamId.ts"
import * as Views from "../../Views.ts"
import type { Entries, Event } from "./entries.ts"

/** How many instances are at work at the same time. */
const concurrency = 16

/** What was accepted names an aggregate that is not there any more. */
class UnknownAggregate extends Data.TaggedError("UnknownAggregate")<{ readonly message: string }> {}

/** Writes a command down, once. */
export const submit = Effect.fnUntraced(function*<T extends Types>(
  { entries, name, targets }: Inbox,
  { category, command: schema }: Aggregate<T>,
  id: string,
  command: T["Command"],
  { commandId, metadata }: { readonly commandId: string; readonly metadata?: Metadata | undefined }
): Effect.fn.Return<{ readonly commandId: string; readonly position: number }, EventStoreError, EventStore> {
  if (!targets.some((target) => target.category === category)) {
    return yield* Effect.die(new Error(`the inbox ${name} does not take commands to ${category}`))
  }
  const json = Schema.encodeUnknownSync(Schema.toCodecJson(schema))(command) as Schema.Json
  const event: Event = { _tag: "Submitted", commandId, category, command: json }
  const write = entries.execute(id, { _tag: "Write", event }, { commandId, metadata })
  const { position } = yield* Effect.catchTags(write, {
    // writing down neither collides nor decides again
    Conflict: Effect.die,
    RetriesExhausted: Effect.die
  })
  return { commandId, position }
})

/** Does what was accepted, in the order of each instance, and writes down what became of it. */
export const projection = (
  { entries, name, targets }: Inbox
): Projection.Projection<readonly [Entries], unknown, EventStore> => {
  const byCategory = new Map(
    targets.map((target) =>
      [target.category, { target, decode: Schema.decodeUnknownEffect(Schema.toCodecJson(target.command)) }] as const
    )
  )

  const perform = ({ event, id: causationId, metadata, stream: { id } }: RecordedEvent<Event>) => {
    if (event._tag === "Answered") return Effect.void
    const { category, commandId } = event
    const known = byCategory.get(category)
    if (known === undefined) {
      return Effect.fail(new UnknownAggregate({ message: `the inbox ${name} knows no aggregate ${category}` }))
    }
    const about: Metadata = {
      ...metadata,
      causationId,
      correlationId: metadata.correlationId ?? causationId
    }
    const outcome = Effect.flatMap(
      known.decode(event.command),
      (command) => known.target.execute(id, command as never, { commandId, metadata: about })
    ).pipe(
      Effect.map(({ events, position, version }): Outcome => ({
        _tag: "Appended",
        version,
        position,
        events: events.map(({ type }) => type)
      })),
      Effect.catch((error) => isPassing(error) ? Effect.fail(error) : Effect.succeed(refusal(error)))
    )
    return Effect.flatMap(
      outcome,
      (outcome) =>
        entries.execute(id, { _tag: "Write", event: { _tag: "Answered", commandId, outcome } }, {
          commandId: `${commandId}/answered`,
          metadata: about
        })
    )
  }

  return Projection.make(name, {
    version: 1,
    from: [entries],
    delivery: "at least once",
    handle: (events) => {
      const byInstance = new Map<string, Array<RecordedEvent<Event>>>()
      for (const recorded of events) {
        const instance = `${recorded.stream.tenant}\0${recorded.stream.id}`
        const others = byInstance.get(instance)
        if (others === undefined) byInstance.set(instance, [recorded])
        else others.push(recorded)
      }
      return Effect.forEach(
        byInstance.values(),
        (own) =>
          Effect.forEach(
            own,
            (recorded) => Effect.provideService(perform(recorded), Tenant, recorded.stream.tenant),
            { discard: true }
          ),
        { concurrency, discard: true }
      )
    }
  })
}

/** Whether it may be otherwise the next time: nobody has said no. */
const isPassing = (error: unknown): boolean =>
  Predicate.isTagged(error, "EventStoreError") || Predicate.isTagged(error, "RetriesExhausted")

const refusal = (error: unknown): Outcome =>
  error instanceof Conflict
    ? { _tag: "Conflict", message: error.message, expected: error.expected, actual: error.actual }
    : {
      _tag: "Rejected",
      reason: Predicate.hasProperty(error, "_tag") && typeof error._tag === "string" ? error._tag : "Rejected",
      message: error instanceof Error ? error.message : String(error)
    }

/** The row of a command, until it has an outcome. */
export const follow = (log: Inbox["log"], commandId: string) =>
  Stream.unwrap(Effect.map(Views.get(log, commandId, { consistency: "current" }), (known) => {
    const after = Option.match(known, { onNone: () => 0, onSome: ({ position }) => position })
    const now = Option.isSome(known) ? Stream.make(known.value) : Stream.empty
    const later = Views.changes(log, { after }).pipe(
      Stream.filter(({ key, state }) => key === commandId && state !== undefined),
      Stream.map(({ state }) => state as Entry)
    )
    return Stream.takeUntil(Stream.concat(now, later), ({ outcome }) => outcome !== undefined)
  }))
