import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type { EventSources } from "../../EventSource.ts"
import { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Projection, RunOptions } from "../../Projection.ts"
import { type Claim, type PartitionLost, type PartitionsDiffer, ProjectionStore } from "../../ProjectionStore.ts"
import * as EventIds from "../store/eventIds.ts"
import * as Failing from "./failing.ts"
import { HandlerFailed } from "./handling.ts"
import * as Parking from "./parking.ts"
import * as Partition from "./partition.ts"

/** A partition in hand. */
interface Running {
  readonly claim: Claim
  readonly fiber: Fiber.Fiber<void, unknown>
}

const defaultRetry = Schedule.max([Schedule.exponential("100 millis"), Schedule.recurs(5)])

/** Runs a projection for ever; what fails is dealt with as the options say. */
export const run = <Sources extends EventSources, E, R>(
  projection: Projection<Sources, E, R>,
  { onFailure = "stop", retry = defaultRetry, ...options }: RunOptions = {}
): Effect.Effect<never, PartitionsDiffer | EventStoreError, R | EventStore | ProjectionStore> =>
  Effect.catchTag(work(projection, { onFailure, retry }, options), "HandlerFailed", ({ cause }) => Effect.die(cause))

/** Runs it until something fails. */
export const runStrictly = <Sources extends EventSources, E, R>(
  projection: Projection<Sources, E, R>,
  options: RunOptions
): Effect.Effect<never, E | PartitionsDiffer | EventStoreError, R | EventStore | ProjectionStore> =>
  Effect.catchTag(work(projection, undefined, options), "HandlerFailed", ({ cause }) => Effect.failCause(cause))

/** Claims partitions again and again, and has a fiber follow the log for each, as long as it may. */
const work = <Sources extends EventSources, E, R>(
  projection: Projection<Sources, E, R>,
  policy: Failing.Policy | undefined,
  { batchSize = 1_000, lease = "10 seconds", partitions, worker = "worker" }: RunOptions
): Effect.Effect<never, HandlerFailed<E> | PartitionsDiffer | EventStoreError, R | EventStore | ProjectionStore> =>
  Effect.scoped(Effect.gen(function*() {
    const events = yield* EventStore
    const store = yield* ProjectionStore
    const scope = yield* Effect.scope
    const context = yield* Effect.context<R>()
    const name = `${worker}-${EventIds.make().slice(-8)}`
    const leaseMillis = Duration.toMillis(lease)
    const running = new Map<number, Running>()
    const ended = yield* Queue.sliding<void>(1)
    const failed = yield* Deferred.make<never, HandlerFailed<E> | EventStoreError>()

    const patiently = policy === undefined ? <A, E2, R2>(self: Effect.Effect<A, E2, R2>) => self : Failing.withPatience
    const categories = projection.from.map(({ category }) => category)
    yield* patiently(store.register(projection, { partitions, categories }))
    const of = (yield* patiently(store.list(projection.name)))
      .filter(({ version }) => version === projection.version).length

    const leave = (partition: number) => {
      const fiber = running.get(partition)?.fiber
      running.delete(partition)
      return fiber === undefined ? Effect.void : Fiber.interrupt(fiber)
    }

    const follow = Effect.fnUntraced(function*(claim: Claim) {
      const { partition, position } = claim
      const parked = yield* patiently(store.parked({ name: projection.name, version: projection.version, partition }))
      const parkedStreams = Parking.waiting(parked)
      const hold = { projection, store, partition: { index: partition, of }, claim, position, parkedStreams }
      yield* Partition.follow(hold, events, { policy, batchSize })
    })

    /** Who has lost a partition asks for it again; anything else that ends it unasked is told. */
    const onEnd = ({ partition }: Claim, exit: Exit.Exit<void, HandlerFailed<E> | PartitionLost | EventStoreError>) => {
      if (Exit.isSuccess(exit) || Cause.hasInterrupts(exit.cause)) return Effect.void
      const error = Cause.squash(exit.cause)
      if (policy === undefined && (error instanceof HandlerFailed || isStoreError(error))) {
        return Effect.asVoid(Deferred.fail(failed, error))
      }
      return Effect.logWarning(
        `${projection.name} v${projection.version}, partition ${partition} begins again`,
        exit.cause
      )
    }

    const begin = Effect.fnUntraced(function*(claim: Claim) {
      const followed = Effect.provide(Effect.onExit(follow(claim), (exit) => onEnd(claim, exit)), context)
      const fiber = yield* Effect.forkIn(followed, scope)
      running.set(claim.partition, { claim, fiber })
      fiber.addObserver(() => {
        Queue.offerUnsafe(ended, undefined)
      })
    })

    const goesOn = (claim: Claim) => {
      const present = running.get(claim.partition)
      return present !== undefined && present.fiber.pollUnsafe() === undefined && !claim.mayRetry &&
        present.claim.token === claim.token && present.claim.until === claim.until && present.claim.gate === claim.gate
    }

    const claimMore = Effect.gen(function*() {
      const { claims, surplus } = yield* store.claim(projection, { worker: name, lease: leaseMillis })
      const kept = new Map(claims.slice(0, claims.length - surplus).map((claim) => [claim.partition, claim]))
      for (const partition of running.keys()) if (!kept.has(partition)) yield* leave(partition)
      for (const { partition } of claims) {
        if (!kept.has(partition)) yield* store.release(projection, { worker: name, partition })
      }
      for (const claim of kept.values()) {
        if (goesOn(claim)) continue
        yield* leave(claim.partition)
        yield* begin(claim)
      }
    })

    const moved = yield* store.watch
    /** Who has nothing to do is there as soon as something changes hands, or a later end is set. */
    const rest = Effect.suspend(() =>
      running.size > 0 ? Effect.never : Effect.andThen(Effect.sleep("100 millis"), moved)
    )

    yield* Effect.addFinalizer(() =>
      Effect.andThen(
        Effect.forEach([...running.keys()], leave, { concurrency: "unbounded" }),
        Effect.ignore(store.release(projection, { worker: name }))
      )
    )
    const forever = Effect.gen(function*() {
      for (;;) {
        // a store that is away comes back before the lease ends, or others have taken over
        yield* policy === undefined ?
          claimMore :
          Effect.catch(
            claimMore,
            (error) => Effect.logWarning(`${projection.name} v${projection.version} has no lease: ${error.message}`)
          )
        yield* Effect.timeoutOption(Effect.raceFirst(Queue.take(ended), rest), leaseMillis / 3)
      }
    })
    return yield* Effect.raceFirst(forever, Deferred.await(failed))
  }))

const isStoreError = (error: unknown): error is EventStoreError =>
  error instanceof Error && "_tag" in error && error._tag === "EventStoreError"
