import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { EventSources } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Projection } from "../../Projection.ts"
import { type PartitionsDiffer, type PartitionStatus, ProjectionStore } from "../../ProjectionStore.ts"
import type { Progress, RebuildOptions } from "../../Rebuild.ts"
import { limitOf } from "./limits.ts"
import * as Pacing from "./pacing.ts"
import * as Worker from "./worker.ts"

/** How often it is looked whether the time has come; at the end it is a matter of moments. */
const intervals = { "building": 250, "changing over": 20, "live": 0 } satisfies Record<Progress["phase"], number>

/** Runs the version until it is live and where the old one was, and tells how far it is. */
export const rebuild = <Sources extends EventSources, E, R>(
  projection: Projection<Sources, E, R>,
  { batchSize = projection.batchSize, eventsPerSecond, maxLag = "5 seconds", ...options }: RebuildOptions = {}
): Stream.Stream<Progress, E | PartitionsDiffer | EventStoreError, R | EventStore | ProjectionStore> =>
  Stream.unwrap(Effect.gen(function*() {
    const store = yield* ProjectionStore
    yield* Worker.register(projection, { ...options, batchSize })
    yield* store.prepare(projection)

    const look = lookAgain(projection, store, Duration.toMillis(maxLag))
    const progress = Stream.paginate(0, (wait) =>
      Effect.map(Effect.delay(look, wait), (progress) => {
        const next = progress.phase === "live" ? Option.none<number>() : Option.some(intervals[progress.phase])
        return [[progress], next] as const
      }))
    const running = Worker.runStrictly(projection, {
      worker: "rebuild",
      lease: "3 seconds",
      ...options,
      ...Pacing.paced(batchSize, eventsPerSecond)
    })
    return Stream.mergeLeft(progress, Stream.fromEffectDrain(running))
  }))

/**
 * Each look takes over as soon as nothing is in the way, and measures. Nothing has to be remembered from one process to the
 * next: which version is live, and how far all have come, is in the store.
 */
const lookAgain = (
  { name, version }: { readonly name: string; readonly version: number },
  store: ProjectionStore["Service"],
  maxLagMillis: number
): Effect.Effect<Progress, EventStoreError> => {
  /** Where the partitions were to go some time ago: whoever is there now is not further behind than that. */
  let mark: { readonly at: number; readonly limits: ReadonlyArray<number> } | undefined
  /** Where the log ended when this version was first seen to be live. */
  let goal: number | undefined
  const meter = makeMeter()

  return Effect.gen(function*() {
    const all = yield* store.list(name)
    const now = yield* Clock.currentTimeMillis
    const mine = all.filter((partition) => partition.version === version)
    const live = all.filter(({ isLive }) => isLive)
    const end = mine[0]?.end ?? 0
    const position = Math.min(...mine.map(({ position }) => position))
    const measured = { position, end, ...meter(now, mine, end) }

    if (live[0]?.version === version) {
      goal ??= end
      return { phase: position >= goal ? "live" : "changing over", ...measured }
    }
    const limits = mine.map(({ partition }) => limitOf(partition, mine.length, live) ?? end)
    const hasReached = (limits: ReadonlyArray<number>) =>
      mine.every(({ partition, position }) => position >= (limits[partition] ?? 0))
    const isNear = hasReached(limits) ||
      (mark !== undefined && now - mark.at <= maxLagMillis && hasReached(mark.limits))
    if (mark === undefined || hasReached(mark.limits)) mark = { at: now, limits }
    const mayTakeOver = isNear && mine.every(({ status }) => status === "running")
    const isDone = mayTakeOver && (yield* store.takeOver({ name, version }, live[0]?.version))
    return { phase: isDone ? "changing over" : "building", ...measured }
  })
}

/** Rates, smoothed over a few seconds. */
const makeMeter = () => {
  let before: { readonly at: number; readonly handled: number; readonly position: number } | undefined
  let rate: number | undefined
  let speed: number | undefined
  return (at: number, partitions: ReadonlyArray<PartitionStatus>, end: number) => {
    const handled = partitions.reduce((sum, { handled }) => sum + handled, 0)
    // what is left is measured in positions: by the mean of all partitions, as the slowest one may be any
    const position = partitions.reduce((sum, { position }) => sum + position, 0) / Math.max(1, partitions.length)
    if (before !== undefined && at > before.at) {
      const seconds = (at - before.at) / 1_000
      rate = smooth(rate, Math.max(0, handled - before.handled) / seconds)
      speed = smooth(speed, Math.max(0, position - before.position) / seconds)
    }
    before = { at, handled, position }
    const left = Math.max(0, end - position)
    return {
      handled,
      rate: rate ?? 0,
      remainingMillis: left === 0 ? 0 : speed === undefined || speed <= 0 ? undefined : left / speed * 1_000
    }
  }
}

const smooth = (before: number | undefined, now: number) => before === undefined ? now : before * 0.8 + now * 0.2
