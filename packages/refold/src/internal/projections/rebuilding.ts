import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { EventSources } from "../../EventSource.ts"
import type { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Projection } from "../../Projection.ts"
import { type PartitionsDiffer, type ProjectionId, ProjectionStore } from "../../ProjectionStore.ts"
import type { Progress, RebuildOptions } from "../../Rebuild.ts"
import * as Worker from "./worker.ts"

const interval = "250 millis"

/** A position nobody reaches: all that is handled is a replay. */
const everything = Number.MAX_SAFE_INTEGER

/** Runs the version until it is live, and tells how far it is. */
export const rebuild = <Sources extends EventSources, E, R>(
  projection: Projection<Sources, E, R>,
  { maxLag = 1_000, ...options }: RebuildOptions = {}
): Stream.Stream<Progress, E | PartitionsDiffer | EventStoreError, R | EventStore | ProjectionStore> =>
  Stream.unwrap(Effect.gen(function*() {
    const store = yield* ProjectionStore
    const { name, version } = projection
    const categories = projection.from.map(({ category }) => category)
    yield* store.register(projection, { partitions: options.partitions, categories })
    const old = yield* store.liveVersion(name)
    // one that was live before comes back: what has happened since was the other's business
    if (old !== version) yield* store.setStatus(projection, "running", { gate: everything, until: undefined })

    let takeover: number | undefined
    const advance = Effect.gen(function*() {
      const { end, position } = yield* stateOf(store, projection)
      const live = yield* store.liveVersion(name)
      if (live === version) return true
      if (takeover === undefined && end - position <= maxLag) takeover = yield* prepare(store, projection, live)
      if (takeover === undefined || position < takeover) return false
      const reached = live === undefined ? takeover : (yield* stateOf(store, { name, version: live })).position
      if (reached < takeover) return false
      yield* store.transact(changeOver(store, projection, live))
      return true
    })

    const running = Worker.runStrictly(projection, { worker: "rebuild", lease: "3 seconds", ...options })
    const watch = yield* store.watch
    let before: { readonly at: number; readonly handled: number } | undefined
    let rate = 0
    const look = Effect.gen(function*() {
      const isLive = yield* advance
      const { end, handled, position } = yield* stateOf(store, projection)
      const at = yield* Clock.currentTimeMillis
      if (before !== undefined && at > before.at) {
        rate = Math.max(0, handled - before.handled) / ((at - before.at) / 1_000)
      }
      const lag = Math.max(0, end - position)
      const progress: Progress = {
        phase: isLive ? "live" : takeover === undefined ? "building" : "changing over",
        position,
        end,
        handled,
        rate,
        remainingMillis: rate > 0 ? lag / rate * 1_000 : undefined
      }
      before = { at, handled }
      return progress
    })
    // nobody need look more often than this, but when it changes over nobody should wait
    const pause = Effect.suspend(() =>
      takeover === undefined ? Effect.sleep(interval) : Effect.timeoutOption(watch, interval)
    )
    const progress = Stream.paginate(false, (isLater) =>
      Effect.map(
        Effect.andThen(isLater ? pause : Effect.void, look),
        (progress) => [[progress], progress.phase === "live" ? Option.none<boolean>() : Option.some(true)] as const
      ))
    return Stream.mergeLeft(progress, Stream.fromEffectDrain(running))
  }))

/** Both are to stop at the same place; the new one knows that it is not to do again what the old one does up to there. */
const prepare = Effect.fnUntraced(function*(
  store: ProjectionStore["Service"],
  projection: ProjectionId,
  live: number | undefined
): Effect.fn.Return<number, EventStoreError> {
  yield* store.cap(projection)
  if (live === undefined) return (yield* stateOf(store, projection)).end
  const end = yield* store.cap({ name: projection.name, version: live })
  yield* store.setStatus(projection, "running", { until: end, gate: end })
  return end
})

const changeOver = Effect.fnUntraced(function*(
  store: ProjectionStore["Service"],
  projection: ProjectionId,
  live: number | undefined
): Effect.fn.Return<void, EventStoreError> {
  if (live !== undefined) yield* store.setStatus({ name: projection.name, version: live }, "retired")
  yield* store.makeLive(projection)
  yield* store.setStatus(projection, "running", { until: undefined })
})

/** How far all of its partitions are. */
const stateOf = Effect.fnUntraced(function*(
  store: ProjectionStore["Service"],
  { name, version }: ProjectionId
): Effect.fn.Return<{ readonly position: number; readonly end: number; readonly handled: number }, EventStoreError> {
  const partitions = (yield* store.list(name)).filter((one) => one.version === version)
  return {
    position: partitions.length === 0 ? 0 : Math.min(...partitions.map(({ position }) => position)),
    end: partitions[0]?.end ?? 0,
    handled: partitions.reduce((sum, { handled }) => sum + handled, 0)
  }
})
