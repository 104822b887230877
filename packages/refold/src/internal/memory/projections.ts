import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Semaphore from "effect/Semaphore"
import type { EventStoreDriver } from "../../EventStoreDriver.ts"
import {
  type Claim,
  type ParkedEvent,
  type PartitionId,
  PartitionLost,
  PartitionsDiffer,
  type PartitionStatus,
  type ProjectionId,
  ProjectionStore,
  type Status,
  type StoredRow
} from "../../ProjectionStore.ts"
import type { StreamId } from "../../StreamId.ts"
import * as Partitioning from "../partitioning.ts"
import { limitOf } from "../projections/limits.ts"

/** A partition, with what a row of a table would hold. */
interface Partition {
  position: number
  token: number
  owner: string | undefined
  error: string | undefined
  handled: number
  movedAt: DateTime.Utc | undefined
  status: Status
}

interface State {
  readonly id: ProjectionId
  readonly categories: ReadonlyArray<string>
  readonly partitions: ReadonlyArray<Partition>
  /** Until when each worker has its partitions. */
  readonly workers: Map<string, number>
  readonly parked: Map<string, ParkedEvent & { readonly isToRetry: boolean }>
  readonly rows: Map<string, StoredRow>
  gates: ReadonlyArray<number>
  isReadable: boolean
}

/** A position nobody reaches: all that is handled is a replay. */
const everything = [Number.MAX_SAFE_INTEGER]

const keyOf = ({ name, version }: ProjectionId) => JSON.stringify([name, version])
const parkedKey = (partition: number, position: number) => `${partition}/${position}`
const rowKey = ({ key, tenant }: Pick<StoredRow, "key" | "tenant">) => JSON.stringify([tenant, key])

/** The turns that the calling fiber has taken until its transaction ends; `undefined` outside of one. */
const Taken = Context.Reference<Set<Semaphore.Semaphore> | undefined>("refold/MemoryEventStore/Taken", {
  defaultValue: () => undefined
})

/** There is nothing to roll back: what a handler has done before it fails is not undone. */
export const make = Effect.fnUntraced(function*(driver: EventStoreDriver) {
  const states = new Map<string, State>()
  const live = new Map<string, number>()
  const turns = new Map<string, Semaphore.Semaphore>()
  const moved = yield* PubSub.sliding<void>(1)
  const signal = PubSub.publish(moved, undefined)
  const transaction = Semaphore.makeUnsafe(1)

  const turnOf = ({ name, partition, version }: PartitionId) => {
    const place = JSON.stringify([name, version, partition])
    let turn = turns.get(place)
    if (turn === undefined) turns.set(place, turn = Semaphore.makeUnsafe(1))
    return turn
  }
  const inTurn = (id: PartitionId) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
    Effect.flatMap(Taken, (taken) => taken?.has(turnOf(id)) === true ? self : turnOf(id).withPermit(self))
  const stateOf = (id: ProjectionId) => states.get(keyOf(id))
  const partitionOf = (id: PartitionId) => stateOf(id)?.partitions[id.partition]
  const change = (id: ProjectionId, f: (state: State) => void) =>
    Effect.andThen(
      Effect.sync(() => {
        const state = stateOf(id)
        if (state !== undefined) f(state)
      }),
      signal
    )
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
  const untilOf = ({ id, partitions }: State, partition: number) => {
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
        const isFirst = ![...states.values()].some((state) => state.id.name === id.name)
        states.set(keyOf(id), {
          id: { name: id.name, version: id.version },
          categories,
          partitions: Array.from({ length: partitions ?? 1 }, (): Partition => ({
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
          gates: isFirst ? [0] : everything,
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
        const isOpen = ({ position, status }: Partition, index: number) =>
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

    park: (events) =>
      Effect.flatMap(DateTime.now, (parkedAt) =>
        Effect.sync(() => {
          for (const event of events) {
            const state = stateOf(event)
            if (state === undefined) continue
            state.parked.set(parkedKey(event.partition, event.position), { ...event, parkedAt, isToRetry: false })
            const partition = partitionOf(event)
            if (partition !== undefined && event.error !== "") partition.error = event.error
          }
        })),

    parked: (of) =>
      Effect.sync(() =>
        [...stateOf(of)?.parked.values() ?? []]
          .filter(({ partition }) => of.partition === undefined || partition === of.partition)
          .toSorted((one, other) => one.position - other.position)
      ),

    unpark: (id, positions) =>
      Effect.sync(() => {
        for (const position of positions) stateOf(id)?.parked.delete(parkedKey(id.partition, position))
      }),

    dropParked: (id, positions) =>
      change(id, ({ parked, partitions }) => {
        for (const [key, { partition, position }] of parked) {
          if (!positions.includes(position)) continue
          parked.delete(key)
          const affected = partitions[partition]
          if (affected === undefined) continue
          affected.token++
          affected.owner = undefined
        }
      }),

    retryParked: (id, { stream, wish }) =>
      change(id, ({ parked }) => {
        for (const [key, event] of parked) {
          if (event.isSkipped || (stream !== undefined && !isSameStream(event.stream, stream))) continue
          parked.set(key, { ...event, isToRetry: wish })
        }
      }),

    list: (name) =>
      Effect.gen(function*() {
        const found: Array<PartitionStatus> = []
        for (const { categories, id, parked, partitions, workers } of states.values()) {
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

    prepare: (id) =>
      change(id, (state) => {
        if (live.get(id.name) === id.version) return
        for (const partition of state.partitions) {
          if (partition.status === "retired") state.gates = everything
          if (partition.status === "paused") continue
          partition.status = "running"
          partition.error = undefined
        }
      }),

    takeOver: (id, from) => {
      const old = from === undefined ? undefined : stateOf({ name: id.name, version: from })
      // what a handler has in hand is finished first
      const turns = (old?.partitions ?? []).map((_, partition) => turnOf({ name: id.name, version: from!, partition }))
      const changeOver = Effect.suspend(() => {
        const state = stateOf(id)
        if (state === undefined || live.get(id.name) !== from) return Effect.succeed(false)
        if (old?.partitions.some(({ position }) => position < Math.max(...old.gates))) return Effect.succeed(false)
        state.gates = (old ?? state).partitions.map(({ position }) => position)
        state.isReadable = true
        live.set(id.name, id.version)
        for (const partition of old?.partitions ?? []) {
          partition.status = "retired"
          partition.token++
          partition.owner = undefined
        }
        return Effect.as(signal, true)
      })
      return turns.reduce((self, turn) => turn.withPermit(self), changeOver)
    },

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

    liveVersion: (name) => Effect.sync(() => live.get(name)),

    drop: (id) =>
      Effect.sync(() => {
        states.delete(keyOf(id))
        if (live.get(id.name) === id.version) live.delete(id.name)
      }),

    rows: (id, keys) => Effect.sync(() => keys.flatMap((key) => stateOf(id)?.rows.get(rowKey(key)) ?? [])),

    saveRows: (id, rows) =>
      Effect.sync(() => {
        for (const row of rows) stateOf(id)?.rows.set(rowKey(row), row)
      }),

    page: (id, { afterKey, category, key, limit, tenant }) =>
      Effect.sync(() => {
        const state = stateOf(id)
        const partitions = state?.partitions ?? []
        const own = category === undefined || key === undefined
          ? undefined
          : partitions[Partitioning.ofStream({ tenant, category, id: key }, partitions.length)]
        return {
          position: own?.position ?? lowest(state),
          isReadable: state?.isReadable ?? false,
          parkedStreams: [...state?.parked.values() ?? []].flatMap(({ isSkipped, stream }) =>
            isSkipped || stream.tenant !== tenant ? [] : [stream.id]
          ),
          rows: rowsOf(state, tenant)
            .filter((row) => (key === undefined || row.key === key) && (afterKey === undefined || row.key > afterKey))
            .toSorted((one, other) => one.key < other.key ? -1 : 1)
            .slice(0, limit)
        }
      }),

    changes: (id, { after, afterKey, limit, tenant }) =>
      Effect.sync(() => {
        const upTo = lowest(stateOf(id))
        const isNew = ({ key, position }: StoredRow) =>
          position > after || (position === after && afterKey !== undefined && key > afterKey)
        return rowsOf(stateOf(id), tenant)
          .filter((row) => isNew(row) && row.position <= upTo)
          .toSorted((one, other) => one.position - other.position || (one.key < other.key ? -1 : 1))
          .slice(0, limit)
      }),

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

const isSameStream = (one: StreamId, other: StreamId) =>
  one.tenant === other.tenant && one.category === other.category && one.id === other.id

const rowsOf = (state: State | undefined, tenant: string): ReadonlyArray<StoredRow> =>
  [...state?.rows.values() ?? []].filter((row) => row.tenant === tenant)

const lowest = (state: State | undefined): number =>
  state === undefined ? 0 : Math.min(...state.partitions.map(({ position }) => position))
