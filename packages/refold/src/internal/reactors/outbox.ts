import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { RetriesExhausted } from "../../Conflict.ts"
import type { EventSources } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import * as Projection from "../../Projection.ts"
import type { Effects, Handlers, Reactor, Target } from "../../Reactor.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import { Tenant } from "../../StreamId.ts"
import type { Event, Journal, StoredOut } from "./journal.ts"

/** How many processes of a batch are at work at the same time. */
const concurrency = 16

/** What was written down to be done names something that is not there any more. */
class Unknown extends Data.TaggedError("Unknown")<{ readonly message: string }> {}

/** What an effect failed with, or what may be otherwise the next time. */
type Failure<E> = E | RetriesExhausted | EventStoreError

/** Does what the journal says is to be done, in the order of each process. */
export const make = <Sources extends EventSources, State, Kinds extends Effects, E, R>(
  reactor: Reactor<Sources, State, Kinds>,
  journal: Journal,
  handlers: Handlers<Kinds, E, R>
): Projection.Projection<readonly [Journal], Failure<E>, R | EventStore> => {
  const targets = new Map(reactor.commands.map((target) => [target.category, decoding(target)]))
  const effects = new Map(
    Object.entries(reactor.effects).map(([name, schema]) =>
      [name, Schema.decodeUnknownEffect(Schema.toCodecJson(schema))] as const
    )
  )

  const perform = (
    { id: eventId, metadata, stream: { id: key } }: RecordedEvent<Event>,
    out: StoredOut,
    index: number
  ): Effect.Effect<void, Failure<E>, R | EventStore> => {
    const once = `${eventId}/${index}`
    if (out._tag === "Effect") {
      const decode = effects.get(out.name)
      return decode === undefined
        ? Effect.die(new Unknown({ message: `${reactor.name} has no effect ${out.name} any more` }))
        : Effect.flatMap(
          Effect.orDie(decode(out.payload)),
          (payload) => handlers[out.name]!(payload, { key, idempotencyKey: once })
        )
    }
    if (out._tag !== "Command") return Effect.void
    const target = targets.get(out.category)
    if (target === undefined) {
      return Effect.die(new Unknown({ message: `${reactor.name} has no command to ${out.category} any more` }))
    }
    const about = { causationId: eventId, correlationId: metadata.correlationId ?? eventId }
    return Effect.flatMap(
      Effect.orDie(target.decode(out.command)),
      (command) =>
        Effect.flatMap(
          Effect.result(target.execute(out.id, command, { commandId: once, metadata: about })),
          (result) => {
            if (Result.isSuccess(result)) return Effect.void
            const error = result.failure
            return isPassing(error)
              ? Effect.fail(error)
              : journal.execute(key, {
                _tag: "Refuse",
                refused: { ...out, _tag: "Refused", reason: tagOf(error), message: messageOf(error) }
              }, { commandId: `${once}/refused`, metadata: { ...about, causationId: once } }).pipe(
                Effect.catchTag("Conflict", Effect.die)
              )
          }
        )
    )
  }

  return Projection.make(`${reactor.name} outbox`, {
    version: 1,
    from: [journal],
    delivery: "at least once",
    handle: (events) => {
      const byProcess = new Map<string, Array<RecordedEvent<Event>>>()
      for (const recorded of events) {
        if (recorded.event._tag !== "Reacted" || recorded.event.out.length === 0) continue
        const name = `${recorded.stream.tenant}\0${recorded.stream.id}`
        const others = byProcess.get(name)
        if (others === undefined) byProcess.set(name, [recorded])
        else others.push(recorded)
      }
      return Effect.forEach(
        byProcess.values(),
        (ofProcess) =>
          Effect.forEach(ofProcess, (recorded) =>
            recorded.event._tag !== "Reacted" ? Effect.void : Effect.forEach(
              recorded.event.out,
              (out, index) => perform(recorded, out, index),
              { discard: true }
            ).pipe(Effect.provideService(Tenant, recorded.stream.tenant)), { discard: true }),
        { concurrency, discard: true }
      )
    }
  })
}

const decoding = ({ command, execute }: Target) => {
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(command))
  return { decode: (json: unknown) => Effect.map(decode(json), (command) => command as never), execute }
}

/** Whether it may be otherwise the next time: nobody has said no. */
const isPassing = (error: unknown): error is EventStoreError | RetriesExhausted =>
  Predicate.isTagged(error, "EventStoreError") || Predicate.isTagged(error, "RetriesExhausted")

const tagOf = (error: unknown): string =>
  Predicate.hasProperty(error, "_tag") && typeof error._tag === "string" ? error._tag : "Rejected"

const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error)
