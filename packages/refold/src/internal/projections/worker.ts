import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { EventSources } from "../../EventSource.ts"
import { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Projection, RunOptions } from "../../Projection.ts"
import { type Claim, type PartitionsDiffer, ProjectionStore } from "../../ProjectionStore.ts"
import * as EventIds from "../store/eventIds.ts"
import { wholeNumber } from "../store/reading.ts"
import * as Failing from "./failing.ts"
import type { HandlerFailed } from "./handling.ts"
import * as Parking from "./parking.ts"
import * as Partition from "./partition.ts"

/** How to run a projection, and how fast if that is limited. */
type WorkOptions = RunOptions & { readonly pace?: Partition.Pace | undefined }

/** A partition in hand. */
interface Running {
  readonly claim: Claim
  readonly fiber: Fiber.Fiber<void>
  /** Whether it is yet to try what was parked when it began. */
  isRetrying: boolean
}

const defaultRetry = Schedule.max([Schedule.exponential("100 millis"), Schedule.recurs(5)])

/** Makes the partitions of a projection if need be; the inner effect runs it for ever, and deals with what fails. */
export const start = <Sources extends EventSources, E, R>(
  projection: Projection<Sources, E, R>,
  { onFailure = "stop", retry = defaultRetry, ...options }: RunOptions = {}
): Effect.Effect<
  Effect.Effect<never, EventStoreError, R | EventStore | ProjectionStore>,
  PartitionsDiffer | EventStoreError,
  ProjectionStore
> =>
  onFailure === "park" && projection.partitionedBy === "key" ? cannotPark(projection) : Effect.as(
    Failing.withPatience(register(projection, options)),
    Effect.catchTag(work(projection, { onFailure, retry }, options), "HandlerFailed", ({ cause }) => Effect.die(cause))
  )

/** A row that has events of many streams cannot have those of one of them later than what came after them. */
const cannotPark = ({ name }: { readonly name: string }): Effect.Effect<never> =>
  Effect.die(
    new Error(`${name} cannot park: its rows have events of many streams, and would have them in another order`)
  )

/** Runs it until something fails. */
export const runStrictly = <Sources extends EventSources, E, R>(
  projection: Projection<Sources, E, R>,
  options: WorkOptions
): Effect.Effect<never, E | PartitionsDiffer | EventStoreError, R | EventStore | ProjectionStore> =>
  Effect.andThen(
    register(projection, options),
    Effect.catchTag(work(projection, undefined, options), "HandlerFailed", ({ cause }) => Effect.failCause(cause))
  )

export const register = <Sources extends EventSources, E, R>(
  { from, name, version }: Projection<Sources, E, R>,
  { batchSize = 1, partitions }: Pick<RunOptions, "batchSize" | "partitions">
): Effect.Effect<void, PartitionsDiffer | EventStoreError, ProjectionStore> =>
  ProjectionStore.use((store) =>
    wholeNumber(`${name}: partitions`, partitions ?? 1, 1).pipe(
      Effect.andThen(wholeNumber(`${name}: batchSize`, batchSize, 1)),
      Effect.andThen(
        store.register({ name, version }, { partitions, categories: from.map(({ category }) => category) })
      )
    )
  )

/** Claims partitions again and again, and has a fiber follow the log for each, as long as it may. */
const work = Effect.fnUntraced(function*<Sources extends EventSources, E, R>(
  projection: Projection<Sources, E, R>,
  policy: Failing.Policy | undefined,
  { batchSize = projection.batchSize, lease = "10 seconds", pace, worker = "worker" }: WorkOptions
): Effect.fn.Return<never, HandlerFailed<E> | EventStoreError, R | EventStore | ProjectionStore | Scope.Scope> {
  const events = yield* EventStore
  const store = yield* ProjectionStore
  const context = yield* Effect.context<R>()
  const { name, version } = projection
  const owner = `${worker}-${EventIds.make().slice(-8)}`
  const leaseMillis = Duration.toMillis(lease)
  const interval = leaseMillis / 3
  const running = new Map<number, Running>()
  const ended = yield* Queue.sliding<void>(1)
  const failed = yield* Deferred.make<never, HandlerFailed<E> | EventStoreError>()
  const moved = yield* store.watch
  const patiently = policy === undefined ? <A, E2, R2>(self: Effect.Effect<A, E2, R2>) => self : Failing.withPatience
  const partitions = (yield* patiently(store.list(name))).filter((partition) => partition.version === version).length

  const follow = Effect.fnUntraced(function*(claim: Claim, onRetried: () => void) {
    const { partition: index, position } = claim
    const parked = yield* patiently(store.parked({ name, version, partition: index }))
    const parkedStreams = Parking.waiting(parked)
    const partition = { index, of: partitions }
    const hold = { projection, store, partition, claim, position, parkedStreams, patience: leaseMillis }
    if (claim.mayRetry) yield* Parking.retry(hold, events)
    onRetried()
    yield* Partition.follow(hold, events, { policy, batchSize, pace })
  })

  /** Who has lost a partition may ask for it at once; after anything that nobody has thought of, it takes its time. */
  const followed = (claim: Claim, onRetried: () => void) => {
    const what = `${name} v${version}, partition ${claim.partition} begins again`
    return follow(claim, onRetried).pipe(
      Effect.catchTag("PartitionLost", (lost) => Effect.logDebug(`${what}: ${lost.message}`)),
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.void
          : policy === undefined
          ? Effect.asVoid(Deferred.failCause(failed, cause))
          : Effect.andThen(Effect.logWarning(what, cause), Effect.sleep(interval))
      ),
      Effect.provide(context)
    )
  }

  const begin = (claim: Claim) =>
    Effect.uninterruptible(Effect.map(
      Effect.forkDetach(followed(claim, () => {
        const present = running.get(claim.partition)
        if (present !== undefined) present.isRetrying = false
      })),
      (fiber) => {
        running.set(claim.partition, { claim, fiber, isRetrying: claim.mayRetry })
        fiber.addObserver(() => {
          running.delete(claim.partition)
          Queue.offerUnsafe(ended, undefined)
        })
      }
    ))

  const mayGoOn = ({ claim, isRetrying }: Running, now: Claim | undefined) =>
    now !== undefined && claim.token === now.token && claim.until === now.until &&
    String(claim.gates) === String(now.gates) &&
    (isRetrying || !now.mayRetry)

  /** What is no longer its business, or has changed, is left after the batch in hand; meanwhile the others go on. */
  const look = Effect.gen(function*() {
    const { claims, surplus } = yield* store.claim(projection, { worker: owner, lease: leaseMillis })
    const kept = new Map(claims.slice(0, claims.length - surplus).map((claim) => [claim.partition, claim]))
    for (const [partition, present] of running) {
      if (!mayGoOn(present, kept.get(partition))) present.fiber.interruptUnsafe()
    }
    for (const { partition } of claims) {
      if (!kept.has(partition) && !running.has(partition)) {
        yield* store.release(projection, { worker: owner, partition })
      }
    }
    for (const claim of kept.values()) if (!running.has(claim.partition)) yield* begin(claim)
  })

  /** Who has nothing to do is there as soon as something changes hands, or a later end is set. */
  const rest = Effect.suspend(() =>
    running.size > 0 ? Effect.never : Effect.andThen(Effect.sleep(Math.min(100, interval)), moved)
  )
  const leave = Effect.andThen(
    Effect.suspend(() => Fiber.interruptAll([...running.values()].map(({ fiber }) => fiber))),
    Effect.ignore(store.release(projection, { worker: owner }))
  )
  yield* Effect.addFinalizer(() => leave)

  // a store that is away comes back before the lease ends, or others have taken over
  const lookPatiently = policy === undefined ? look : Effect.catchCause(look, (cause) =>
    Cause.hasInterruptsOnly(cause)
      ? Effect.interrupt
      : Effect.logWarning(`${name} v${version} could not renew its lease`, cause))
  const forever = Effect.forever(
    Effect.andThen(lookPatiently, Effect.timeoutOption(Effect.raceFirst(Queue.take(ended), rest), interval))
  )
  return yield* Effect.raceFirst(forever, Deferred.await(failed))
}, Effect.scoped)
