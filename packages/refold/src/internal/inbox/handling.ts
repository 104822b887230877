import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Conflict } from "../../Conflict.ts"
import { EventStore } from "../../EventStore.ts"
import type { Inbox, Outcome } from "../../Inbox.ts"
import type { Metadata } from "../../Metadata.ts"
import * as Projection from "../../Projection.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import { Tenant } from "../../StreamId.ts"
import * as Answers from "../commands/answers.ts"
import * as Fencing from "../projections/fencing.ts"
import type { Entries, Event } from "./entries.ts"
import * as Writing from "./writing.ts"

/** How many instances are at work at the same time. */
const concurrency = 16

/** How many answers are written in one transaction at most, as nobody else appends meanwhile. */
const saidTogether = 100

/** What was accepted names an aggregate that is not there any more. */
class UnknownAggregate extends Data.TaggedError("UnknownAggregate")<{ readonly message: string }> {}

/** Does what was accepted, in the order of each instance, and writes down what became of it. */
export const projection = (
  { entries, name, targets }: Inbox
): Projection.Projection<readonly [Entries], unknown, EventStore> => {
  const byCategory = new Map(
    targets.map((target) =>
      [target.category, { target, decode: Schema.decodeUnknownEffect(Schema.toCodecJson(target.command)) }] as const
    )
  )

  const perform = Effect.fnUntraced(function*(
    { event, id: causationId, metadata, position, stream: { id, tenant } }: Submitted
  ) {
    const { category, command, commandId, seen, strict } = event
    const known = byCategory.get(category)
    if (known === undefined) {
      return yield* new UnknownAggregate({ message: `the inbox ${name} knows no aggregate ${category}` })
    }
    const about: Metadata = { ...metadata, causationId, correlationId: metadata.correlationId ?? causationId }
    const decoded = yield* known.decode(command)
    const execute = known.target.execute(id, decoded as never, { commandId, seen, strict, metadata: about })
    const outcome = (seen === undefined && strict === undefined ? Answers.unhurried(execute) : execute).pipe(
      Effect.map(({ events, position, version }): Outcome => ({
        _tag: "Appended",
        version,
        position,
        events: events.map(({ type }) => type)
      })),
      Effect.catchIf(Answers.isRefusal, (error) => Effect.succeed(refusal(error)))
    )
    const answered = yield* Answers.untilAnswered(outcome)
    const answer = (as: "appended" | "nothing appended") =>
      Writing.write(entries, id, { _tag: "Answered", commandId, outcome: answered }, [as, position], about)
    // what was appended is there for whoever asks again
    if (answered._tag === "Appended" && answered.events.length > 0) {
      yield* Answers.untilAnswered(answer("appended"))
      return
    }
    const store = yield* EventStore
    const fence = yield* Fencing.Current
    yield* fence.leave(
      Effect.asVoid(answer("nothing appended")).pipe(
        Effect.provideService(EventStore, store),
        Effect.provideService(Tenant, tenant)
      )
    )
    yield* Answers.untilAnswered(fence.settle(saidTogether))
  })

  /** What was answered before a crash is not done again: by now the answer might be another. */
  const answeredAfter = ({ stream: { id }, version }: Submitted) =>
    Effect.flatMap(EventStore, (store) =>
      Stream.runFold(
        store.read(entries, id, { after: version }),
        () => new Set<string>(),
        (ids, { event }) => event._tag === "Answered" ? ids.add(event.commandId) : ids
      ))

  const performAll = Effect.fnUntraced(function*(own: NonEmptyReadonlyArray<Submitted>) {
    const answered = yield* Answers.untilAnswered(answeredAfter(own[0]))
    const { settle } = yield* Fencing.Current
    for (const [index, submitted] of own.filter(({ event }) => !answered.has(event.commandId)).entries()) {
      // who starts over must not ask for this one before those that were refused
      if (index > 0) yield* Answers.untilAnswered(settle(1))
      yield* perform(submitted)
    }
  })

  return Projection.make(name, {
    version: 1,
    from: [entries],
    delivery: "at least once",
    handle: (events) => {
      const byInstance = new Map<string, [Submitted, ...Array<Submitted>]>()
      for (const recorded of events) {
        if (!isSubmitted(recorded)) continue
        const instance = `${recorded.stream.tenant}\0${recorded.stream.id}`
        const others = byInstance.get(instance)
        if (others === undefined) byInstance.set(instance, [recorded])
        else others.push(recorded)
      }
      return Effect.forEach(
        byInstance.values(),
        (own) => Effect.provideService(performAll(own), Tenant, own[0].stream.tenant),
        { concurrency, discard: true }
      )
    }
  })
}

type Submitted = RecordedEvent<Extract<Event, { readonly _tag: "Submitted" }>>

const isSubmitted = (recorded: RecordedEvent<Event>): recorded is Submitted => recorded.event._tag === "Submitted"

const refusal = (error: unknown): Outcome =>
  error instanceof Conflict
    ? { _tag: "Conflict", message: error.message, expected: error.expected, actual: error.actual }
    : { _tag: "Rejected", ...Answers.reasonOf(error) }
