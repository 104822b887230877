import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Semaphore from "effect/Semaphore"
import type { EventStoreDriver } from "../../EventStoreDriver.ts"
import {
  type Claim,
  type PartitionId,
  PartitionLost,
  PartitionsDiffer,
  type PartitionStatus,
  ProjectionStore
} from "../../ProjectionStore.ts"
import * as Partitioning from "../partitioning.ts"
import { limitOf } from "../projections/limits.ts"
import * as Parking from "./parking.ts"
import * as States from "./projectionStates.ts"
import * as TakingOver from "./takingOver.ts"
import * as ViewRows from "./viewRows.ts"

/** The turns that the calling fiber has taken until its transaction ends; `undefined` outside of one. */
const Taken = Context.Reference<Set<Semaphore.Semaphore> | undefined>("refold/MemoryEventStore/Taken", {
  defaultValue: () => undefined
})

/** There is nothing to roll back: what a handler has done before it fails is not undone. */
export const make = Effect.fnUntraced(function*(driver: EventStoreDriver) {
  const live = new Map<string, number>()
  const turns = new Map<string, Semaphore.Semaphore>()
  const moved = yield* PubSub.sliding<void>(1)
  const signal = PubSub.publish(moved, undefined)
  const states = States.make(signal)
  const { change, partitionOf, stateOf } = states
  const transaction = Semaphore.makeUnsafe(1)

  const turnOf = ({ name, partition, version }: PartitionId) => {
    const place = JSON.stringify([name, version, partition])
    let turn = turns.get(place)
    if (turn === undefined) turns.set(place, turn = Semaphore.makeUnsafe(1))
    return turn
  }
  const inTurn = (id: PartitionId) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
    Effect.flatMap(Taken, (taken) => taken?.has(turnOf(id)) === true ? self : turnOf(id).withPermit(self))
  const takeTurn = (id: PartitionId) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Taken, (taken) => {
        const turn = turnOf(id)
        return taken === undefined || taken.has(turn)
          ? Effect.void
          : Effect.map(restore(turn.take(1)), () => void taken.add(turn))
      })
    )
  const log = (categories: ReadonlyArray<string>, after: number) => {
    const [first = "", ...rest] = categories
    return driver.readLog({
      tenant: undefined,
      categories: [first, ...rest],
      types: undefined,
      partition: undefined,
      after,
      upTo: Number.MAX_SAFE_INTEGER,
      limit: 1
    })
  }
  const liveOf = (name: string) => {
    const version = live.get(name)
    return version === undefined ? undefined : stateOf({ name, version })
  }
  /** Where a partition is to stop for now. */
  const untilOf = ({ id, partitions }: States.State, partition: number) => {
    const other = liveOf(id.name)
    if (other === undefined || other.id.version === id.version) return undefined
    const reached = other.partitions.map(({ position }, partition) => ({ partition, position }))
    return limitOf(partition, partitions.length, reached)
  }

  return ProjectionStore.of({
    register: (id, { categories, partitions }) =>
      Effect.suspend(() => {
        const known = stateOf(id)
        if (known !== undefined) {
          const stored = known.partitions.length
          return partitions === undefined || partitions === stored
            ? Effect.void
            : Effect.fail(new PartitionsDiffer({ projection: id, stored, asked: partitions }))
        }
        const isFirst = ![...states.all()].some((state) => state.id.name === id.name)
        states.add({
          id: { name: id.name, version: id.version },
          categories,
          partitions: Array.from({ length: partitions ?? 1 }, (): States.Partition => ({
            position: 0,
            token: 0,
            owner: undefined,
            error: undefined,
            handled: 0,
            movedAt: undefined,
            status: "running"
          })),
          workers: new Map(),
          parked: new Map(),
          rows: new Map(),
          gates: isFirst ? [0] : TakingOver.everything,
          isReadable: isFirst
        })
        if (isFirst) live.set(id.name, id.version)
        return Effect.void
      }),

    claim: (id, { lease, worker }) =>
      Effect.map(DateTime.now, ({ epochMilliseconds: now }) => {
        const state = stateOf(id)
        if (state === undefined) return { claims: [], surplus: 0 }
        const { gates, parked, partitions, workers } = state
        workers.set(worker, now + lease)
        for (const [name, seenUntil] of workers) if (seenUntil <= now && name !== worker) workers.delete(name)
        const names = [...workers.keys()].toSorted()
        const share = Math.floor(partitions.length / names.length) +
          (names.indexOf(worker) < partitions.length % names.length ? 1 : 0)
        const isOpen = ({ position, status }: States.Partition, index: number) =>
          status === "running" && position < (untilOf(state, index) ?? Infinity)
        let mine = partitions.filter((one, index) => one.owner === worker && isOpen(one, index)).length
        for (const [index, partition] of partitions.entries()) {
          const isFree = partition.owner === undefined || !workers.has(partition.owner)
          if (mine >= share || !isFree || !isOpen(partition, index)) continue
          partition.owner = worker
          partition.token++
          mine++
        }
        const claims = partitions.flatMap((partition, index): ReadonlyArray<Claim> =>
          partition.owner === worker && isOpen(partition, index)
            ? [{
              partition: index,
              token: partition.token,
              position: partition.position,
              until: untilOf(state, index),
              gates,
              mayRetry: [...parked.values()].some((event) => event.partition === index && event.isToRetry)
            }]
            : []
        )
        return { claims, surplus: Math.max(0, mine - share) }
      }),

    release: (id, { partition, worker }) =>
      change(id, ({ partitions, workers }) => {
        if (partition === undefined) workers.delete(worker)
        for (const [index, one] of partitions.entries()) {
          if (one.owner !== worker || (partition !== undefined && partition !== index)) continue
          one.owner = undefined
        }
      }),

    commit: (id, { events, from, to, token }) =>
      Effect.fnUntraced(function*(work) {
        const partition = partitionOf(id)
        if (partition?.token !== token || partition.position !== from || partition.status !== "running") {
          return yield* new PartitionLost({ name: id.name, version: id.version, partition: id.partition })
        }
        const result = yield* work
        partition.position = to
        partition.handled += events
        partition.movedAt = yield* DateTime.now
        yield* signal
        return result
      }, inTurn(id)),

    stop: (id, token, error) =>
      change(id, () => {
        const partition = partitionOf(id)
        if (partition?.token !== token) return
        partition.status = "stopped"
        partition.error = error
        partition.owner = undefined
      }),

    ...Parking.make(states),

    list: (name) =>
      Effect.gen(function*() {
        const found: Array<PartitionStatus> = []
        for (const { categories, id, parked, partitions, workers } of states.all()) {
          if (name !== undefined && id.name !== name) continue
          const { epochMilliseconds: now } = yield* DateTime.now
          for (const [index, one] of partitions.entries()) {
            const { end, events } = yield* log(categories, one.position)
            found.push({
              ...id,
              partition: index,
              status: one.status,
              position: one.position,
              end,
              behind: events.length === 0 ? 0 : end - one.position,
              behindSince: events[0]?.recordedAt,
              handled: one.handled,
              movedAt: one.movedAt,
              owner: one.owner !== undefined && (workers.get(one.owner) ?? 0) > now ? one.owner : undefined,
              error: one.error,
              parked: [...parked.values()].filter((event) => event.partition === index).length,
              isLive: live.get(id.name) === id.version
            })
          }
        }
        return found.toSorted((one, other) =>
          one.name < other.name ? -1 : one.name > other.name ? 1 : one.version - other.version
        )
      }),

    setStatus: (id, status) =>
      change(id, ({ partitions }) => {
        for (const partition of partitions) {
          partition.status = status
          if (status === "running") partition.error = undefined
        }
      }),

    ...TakingOver.make(states, live, turnOf),

    partitionOf: (stream, partitions) => Partitioning.ofStream(stream, partitions),

    lock: (id) =>
      Effect.map(takeTurn(id), () => {
        const partition = partitionOf(id)
        return partition?.status !== "running"
          ? undefined
          : {
            partition: id.partition,
            token: partition.token,
            position: partition.position,
            until: untilOf(stateOf(id)!, id.partition),
            gates: stateOf(id)!.gates,
            isParking: [...stateOf(id)?.parked.values() ?? []].some(({ isSkipped }) => !isSkipped)
          }
      }),

    moveTo: (id, position) =>
      change(id, (state) => {
        const { parked, partitions, rows } = state
        for (const partition of partitions) {
          partition.token++
          partition.owner = undefined
          partition.position = position
          if (position > 0) continue
          partition.handled = 0
          partition.error = undefined
        }
        if (position > 0) return
        state.isReadable = live.get(id.name) === id.version
        parked.clear()
        rows.clear()
      }),

    drop: (id) =>
      Effect.sync(() => {
        states.remove(id)
        if (live.get(id.name) === id.version) live.delete(id.name)
      }),

    ...ViewRows.make(states),

    watch: Effect.map(PubSub.subscribe(moved), (subscription) => PubSub.take(subscription)),

    transact: (self) =>
      Effect.flatMap(Taken, (outer) => {
        if (outer !== undefined) return self
        const taken = new Set<Semaphore.Semaphore>()
        return self.pipe(
          Effect.provideService(Taken, taken),
          Effect.ensuring(Effect.suspend(() => Effect.forEach(taken, (turn) => turn.release(1), { discard: true }))),
          transaction.withPermit
        )
      })
  })
})
