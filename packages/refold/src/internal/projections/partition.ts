import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { EventOf, EventSources, LogBatch } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { PartitionLost } from "../../ProjectionStore.ts"
import { pageSize } from "../store/reading.ts"
import * as Failing from "./failing.ts"
import * as Handling from "./handling.ts"

/** Waits until so many events more may be handled. */
export type Pace = (events: number) => Effect.Effect<void>

/**
 * How long a partition that has only passed over events may be behind in what is stored. This is for the sake of the
 * database: the time of a test has nothing to do with it.
 */
const pause = Effect.provideService(Effect.sleep("250 millis"), Clock.Clock, Clock.Clock.defaultValue())

/**
 * Follows the log for one partition, from where it is, until it is interrupted, is stopped at an event that fails, or has
 * come to where the live version is, if that is another one.
 */
export const follow = Effect.fnUntraced(function*<Sources extends EventSources, E, R>(
  hold: Handling.Hold<Sources, E, R>,
  store: EventStore["Service"],
  options: {
    readonly policy: Failing.Policy | undefined
    readonly batchSize: number
    readonly pace: Pace | undefined
  }
): Effect.fn.Return<void, Handling.HandlerFailed<E> | PartitionLost | EventStoreError, R> {
  const { claim: { until }, partition, projection } = hold
  const { batchSize, pace, policy } = options
  const passed = yield* Queue.sliding<void>(1)
  const turn = Semaphore.makeUnsafe(1)
  /** Where it has come to in the log, which is further than what is stored where there was nothing for it. */
  let reached = hold.position

  const handle = (events: Handling.Events<Sources>, to?: number) =>
    policy === undefined
      ? Effect.as(Handling.handle(hold, events, to), "went on" as const)
      : Failing.handle(hold, events, policy, to)
  const take = Effect.fnUntraced(function*({ end, events }: LogBatch<EventOf<Sources>>) {
    const parts = Handling.partsOf(hold, events)
    for (const [index, part] of parts.entries()) {
      if (pace !== undefined) yield* pace(part.length)
      if ((yield* handle(part, index === parts.length - 1 ? end : undefined)) === "stopped") return "stopped"
    }
    reached = end
    if (reached > hold.position) yield* Queue.offer(passed, undefined)
    return "went on"
  }, turn.withPermit)
  const save = turn.withPermit(Effect.suspend(() =>
    reached > hold.position
      ? Failing.withPatience(Handling.commit(hold, { to: reached }, Effect.void))
      : Effect.void
  ))
  const saveNowAndThen = Effect.forever(Effect.andThen(Effect.andThen(Queue.take(passed), save), pause))

  const once = Effect.suspend(() =>
    store.batches(projection.from, {
      follow: true,
      after: hold.position,
      upTo: until,
      tenants: "all",
      partition: projection.partitionedBy === "stream" && partition.of > 1 ? partition : undefined,
      pageSize: Math.min(batchSize, pageSize),
      batchSize
    }).pipe(
      Stream.mapEffect(take),
      Stream.takeUntil((outcome) => outcome === "stopped"),
      Stream.runDrain,
      Effect.andThen(save),
      Effect.as<Failing.Outcome>("stopped"),
      Effect.catchReason("EventStoreError", "UnreadableEvent", (event, error) =>
        policy === undefined
          ? Effect.fail(error)
          : turn.withPermit(Failing.unreadable(hold, event, policy)))
    )
  )
  yield* Effect.raceFirst(Effect.repeat(once, { until: (outcome) => outcome === "stopped" }), saveNowAndThen)
})
