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
import * as StreamId from "../../StreamId.ts"

/** A partition, with what a row of a table would hold. */
interface Partition {
  position: number
  token: number
  owner: string | undefined
  leaseUntil: number
  error: string | undefined
  handled: number
  movedAt: DateTime.Utc | undefined
  status: Status
}

interface State {
  readonly id: ProjectionId
  readonly categories: ReadonlyArray<string>
  readonly partitions: ReadonlyArray<Partition>
  readonly workers: Map<string, number>
  readonly parked: Map<number, ParkedEvent & { readonly isToRetry: boolean }>
  readonly rows: Map<string, StoredRow>
  until: number | undefined
  gate: number
}

const keyOf = ({ name, version }: ProjectionId) => JSON.stringify([name, version])
const rowKey = ({ key, tenant }: Pick<StoredRow, "key" | "tenant">) => JSON.stringify([tenant, key])

/** There is nothing to roll back: what a handler has done before it fails is not undone. */
export const make = Effect.fnUntraced(function*(driver: EventStoreDriver) {
  const states = new Map<string, State>()
  const live = new Map<string, number>()
  const turns = new Map<string, Semaphore.Semaphore>()
  const moved = yield* PubSub.sliding<void>(1)
  const signal = PubSub.publish(moved, undefined)
  const transaction = Semaphore.makeUnsafe(1)

  const turnOf = ({ name, partition, version }: PartitionId) => {
    const key = JSON.stringify([name, version, partition])
    let turn = turns.get(key)
    if (turn === undefined) turns.set(key, turn = Semaphore.makeUnsafe(1))
    return turn
  }
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
        states.set(keyOf(id), {
          id: { name: id.name, version: id.version },
          categories,
          partitions: Array.from({ length: partitions ?? 1 }, (): Partition => ({
            position: 0,
            token: 0,
            owner: undefined,
            leaseUntil: 0,
            error: undefined,
            handled: 0,
            movedAt: undefined,
            status: "running"
          })),
          workers: new Map(),
          parked: new Map(),
          rows: new Map(),
          until: undefined,
          gate: live.has(id.name) ? Number.MAX_SAFE_INTEGER : 0
        })
        if (!live.has(id.name)) live.set(id.name, id.version)
        return Effect.void
      }),

    claim: (id, { lease, worker }) =>
      Effect.map(DateTime.now, ({ epochMilliseconds: now }) => {
        const state = stateOf(id)
        if (state === undefined) return { claims: [], surplus: 0 }
        const { gate, parked, partitions, until, workers } = state
        workers.set(worker, now + lease)
        for (const [name, seenUntil] of workers) if (seenUntil <= now) workers.delete(name)
        const names = [...workers.keys()].toSorted()
        const share = Math.floor(partitions.length / names.length) +
          (names.indexOf(worker) < partitions.length % names.length ? 1 : 0)
        const isOpen = ({ position, status }: Partition) =>
          status === "running" && (until === undefined || position < until)
        let mine = partitions.filter((partition) => partition.owner === worker && isOpen(partition)).length
        for (const partition of partitions) {
          if (partition.owner === worker) partition.leaseUntil = now + lease
          else if (mine < share && isOpen(partition) && partition.leaseUntil <= now) {
            partition.owner = worker
            partition.leaseUntil = now + lease
            partition.token++
            mine++
          }
        }
        const claims = partitions.flatMap((partition, index): ReadonlyArray<Claim> =>
          partition.owner === worker && isOpen(partition)
            ? [{
              partition: index,
              token: partition.token,
              position: partition.position,
              until,
              gate,
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
          one.leaseUntil = 0
        }
      }),

    commit: (id, { events, from, to, token }) =>
      Effect.fnUntraced(function*(work) {
        const partition = partitionOf(id)
        const until = stateOf(id)?.until ?? Infinity
        if (partition === undefined || partition.token !== token || partition.position !== from || to > until) {
          return yield* new PartitionLost({ name: id.name, version: id.version, partition: id.partition })
        }
        const result = yield* work
        partition.position = to
        partition.handled += events
        partition.movedAt = yield* DateTime.now
        yield* signal
        return result
      }, turnOf(id).withPermit),

    stop: (id, token, error) =>
      change(id, () => {
        const partition = partitionOf(id)
        if (partition?.token !== token) return
        partition.status = "stopped"
        partition.error = error
        partition.owner = undefined
        partition.leaseUntil = 0
      }),

    park: (events) =>
      Effect.flatMap(DateTime.now, (parkedAt) =>
        Effect.sync(() => {
          for (const event of events) {
            const state = stateOf(event)
            if (state === undefined) continue
            state.parked.set(event.position, { ...event, parkedAt, isToRetry: false })
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
        for (const position of positions) stateOf(id)?.parked.delete(position)
      }),

    retryParked: (id, { stream, wish }) =>
      change(id, ({ parked }) => {
        for (const [position, event] of parked) {
          if (
            event.isSkipped || (stream !== undefined && StreamId.format(event.stream) !== StreamId.format(stream))
          ) continue
          parked.set(position, { ...event, isToRetry: wish })
        }
      }),

    list: (name) =>
      Effect.gen(function*() {
        const found: Array<PartitionStatus> = []
        for (const { categories, id, parked, partitions } of states.values()) {
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
              behindSince: events[0]?.recordedAt,
              handled: one.handled,
              movedAt: one.movedAt,
              owner: one.leaseUntil > now ? one.owner : undefined,
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

    setStatus: (id, status, options = {}) =>
      change(id, (state) => {
        if ("until" in options) state.until = options.until
        if (options.gate !== undefined) state.gate = options.gate
        for (const partition of state.partitions) {
          partition.status = status
          if (status === "running") partition.error = undefined
        }
      }),

    cap: (id) =>
      Effect.flatMap(log([], 0), ({ end }) =>
        Effect.as(
          change(id, (state) => {
            state.until = end
          }),
          end
        )),

    lock: (id) =>
      Effect.sync(() => {
        const partition = partitionOf(id)
        return partition === undefined
          ? undefined
          : {
            partition: id.partition,
            token: partition.token,
            position: partition.position,
            until: stateOf(id)?.until,
            gate: stateOf(id)?.gate ?? 0,
            mayRetry: false
          }
      }),

    moveTo: (id, position) =>
      change(id, ({ parked, partitions, rows }) => {
        for (const partition of partitions) {
          partition.token++
          partition.owner = undefined
          partition.leaseUntil = 0
          partition.position = position
          if (position > 0) continue
          partition.handled = 0
          partition.error = undefined
        }
        if (position > 0) return
        parked.clear()
        rows.clear()
      }),

    makeLive: ({ name, version }) => Effect.andThen(Effect.sync(() => live.set(name, version)), signal),

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

    page: (id, { afterKey, key, limit, tenant }) =>
      Effect.sync(() => {
        const state = stateOf(id)
        return {
          position: lowest(state),
          isReadable: live.get(id.name) === id.version || state?.partitions[0]?.status === "retired",
          rows: rowsOf(state, tenant)
            .filter((row) => (key === undefined || row.key === key) && (afterKey === undefined || row.key > afterKey))
            .toSorted((one, other) => one.key < other.key ? -1 : 1)
            .slice(0, limit)
        }
      }),

    changes: (id, { after, limit, tenant }) =>
      Effect.sync(() => {
        const upTo = lowest(stateOf(id))
        return rowsOf(stateOf(id), tenant)
          .filter(({ position }) => position > after && position <= upTo)
          .toSorted((one, other) => one.position - other.position)
          .slice(0, limit)
      }),

    watch: Effect.map(PubSub.subscribe(moved), (subscription) => PubSub.take(subscription)),

    transact: transaction.withPermit
  })
})

const rowsOf = (state: State | undefined, tenant: string): ReadonlyArray<StoredRow> =>
  [...state?.rows.values() ?? []].filter((row) => row.tenant === tenant)

const lowest = (state: State | undefined): number =>
  state === undefined ? 0 : Math.min(...state.partitions.map(({ position }) => position))
