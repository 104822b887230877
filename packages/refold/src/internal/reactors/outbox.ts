import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Target } from "../../Aggregate.ts"
import type { EventSources } from "../../EventSource.ts"
import { EventStore } from "../../EventStore.ts"
import * as Projection from "../../Projection.ts"
import type { Effects } from "../../Reaction.ts"
import type { Handlers, Reactor, ServicesOf } from "../../Reactor.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import { Tenant } from "../../StreamId.ts"
import * as Answers from "../commands/answers.ts"
import * as Fencing from "../projections/fencing.ts"
import * as DerivedIds from "../store/derivedIds.ts"
import type { Event, Journal, StoredOut } from "./journal.ts"

/** How many processes of a batch are at work at the same time. */
const concurrency = 16

/** What was written down to be done names something that is not there any more. */
class Unknown extends Data.TaggedError("Unknown")<{ readonly message: string }> {}

/** Does what the journal says is to be done, in the order of each process. */
export const make = <Sources extends EventSources, State, Kinds extends Effects, Own extends Handlers<Kinds>>(
  reactor: Reactor<Sources, State, Kinds>,
  journal: Journal,
  handlers: Own | undefined
): Projection.Projection<readonly [Journal], unknown, ServicesOf<Own> | EventStore> => {
  const targets = new Map(reactor.commands.map((target) => [target.category, decoding(target)]))
  const effects = new Map(
    Object.entries(reactor.effects).map(([name, schema]) =>
      [name, Schema.decodeUnknownEffect(Schema.toCodecJson(schema))] as const
    )
  )
  /** Effects of batches that have failed: when these are handled again, in parts, they are not done again. */
  const done = new Set<string>()

  const perform = (
    { id: eventId, metadata, stream: { id: key } }: RecordedEvent<Event>,
    out: StoredOut,
    once: string
  ): Effect.Effect<void, unknown, ServicesOf<Own> | EventStore> => {
    if (out._tag === "Effect") {
      if (done.has(once)) return Effect.void
      const decode = effects.get(out.name)
      const handler = handlers?.[out.name]
      if (decode === undefined || handler === undefined) {
        return Effect.fail(new Unknown({ message: `${reactor.name} has no effect ${out.name} any more` }))
      }
      return decode(out.payload).pipe(
        Effect.flatMap((payload) =>
          handler(payload, { key, idempotencyKey: once }) as Effect.Effect<void, unknown, ServicesOf<Own>>
        ),
        Effect.andThen(Effect.sync(() => {
          done.add(once)
        }))
      )
    }
    if (out._tag !== "Command") return Effect.void
    const target = targets.get(out.category)
    if (target === undefined) {
      return Effect.fail(new Unknown({ message: `${reactor.name} has no command to ${out.category} any more` }))
    }
    const about = { causationId: eventId, correlationId: metadata.correlationId ?? eventId }
    /** Said where the outbox moves on, so that who has been replaced, and has an old answer, cannot say it any more. */
    const refuse = Effect.fnUntraced(function*(error: unknown) {
      const store = yield* EventStore
      const refused = { ...out, _tag: "Refused", ...Answers.reasonOf(error) } as const
      const metadata = { ...about, causationId: once, commandId: refusalOf(once) }
      const tenant = yield* Tenant
      const idAt = yield* DerivedIds.make([tenant, journal.category, key, refusalOf(once)])
      const fence = yield* Fencing.Current
      yield* fence.leave(
        store.append(journal, key, [refused], { metadata, eventIds: [idAt(0)] }).pipe(
          Effect.catchTag("AppendConditionFailed", Effect.die),
          Effect.asVoid,
          Effect.provideService(Tenant, tenant)
        )
      )
    })
    return Effect.flatMap(target.decode(out.command), (command) =>
      Answers.untilAnswered(Effect.flatMap(
        Effect.result(Answers.unhurried(target.execute(out.id, command, { commandId: once, metadata: about }))),
        (result): Effect.Effect<unknown, unknown, EventStore> =>
          Result.isSuccess(result)
            ? Effect.void
            : Answers.isRefusal(result.failure)
            ? refuse(result.failure)
            : Effect.fail(result.failure)
      ))).pipe(Effect.asVoid)
  }

  /** What was refused is not asked again by who starts over: by now the answer might be another. */
  const refusedAfter = ({ stream: { id: key }, version }: RecordedEvent<Event>) =>
    Effect.flatMap(EventStore, (store) =>
      Stream.runFold(
        store.read(journal, key, { after: version }),
        () => new Set<string | undefined>(),
        (ids, { event, metadata }) => event._tag === "Refused" ? ids.add(metadata.commandId) : ids
      ))

  const performAll = Effect.fnUntraced(function*(events: NonEmptyReadonlyArray<RecordedEvent<Event>>) {
    const [first] = events
    const asks = events.some((recorded) => outOf(recorded).some(({ _tag }) => _tag === "Command"))
    const refused = asks ? yield* Answers.untilAnswered(refusedAfter(first)) : new Set()
    const { settle } = yield* Fencing.Current
    for (const recorded of events) {
      for (const [index, out] of outOf(recorded).entries()) {
        const once = `${recorded.id}/${index}`
        if (refused.has(refusalOf(once))) continue
        // who starts over must not ask once more for what was refused, with this one done
        yield* Answers.untilAnswered(settle(1))
        yield* perform(recorded, out, once)
      }
    }
  })

  return Projection.make(`${reactor.name} outbox`, {
    version: 1,
    from: [journal],
    delivery: "at least once",
    handle: (events) => {
      const forget = Effect.sync(() => {
        for (const recorded of events) outOf(recorded).forEach((_, index) => done.delete(`${recorded.id}/${index}`))
      })
      const byProcess = new Map<string, [RecordedEvent<Event>, ...Array<RecordedEvent<Event>>]>()
      for (const recorded of events) {
        if (outOf(recorded).length === 0) continue
        const name = `${recorded.stream.tenant}\0${recorded.stream.id}`
        const others = byProcess.get(name)
        if (others === undefined) byProcess.set(name, [recorded])
        else others.push(recorded)
      }
      // one that fails does not stop the others in the middle of what they do
      return Effect.forEach(
        byProcess.values(),
        (own) => Effect.exit(Effect.provideService(performAll(own), Tenant, own[0].stream.tenant)),
        { concurrency }
      ).pipe(
        Effect.flatMap(Exit.asVoidAll),
        Effect.tap(forget),
        Effect.onInterrupt(() => forget)
      )
    }
  })
}

const refusalOf = (once: string): string => `${once}/refused`

const outOf = ({ event }: RecordedEvent<Event>): ReadonlyArray<StoredOut> => event._tag === "Reacted" ? event.out : []

const decoding = ({ command, execute }: Target) => {
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(command))
  return { decode: (json: unknown) => Effect.map(decode(json), (command) => command as never), execute }
}
