import * as Effect from "effect/Effect"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Partition } from "../../Projection.ts"
import { ProjectionStore, type StoredRow } from "../../ProjectionStore.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import type * as View from "../../View.ts"
import { InvalidKey, type UnreadableRow } from "../../ViewError.ts"
import * as Partitioning from "../partitioning.ts"
import { advance } from "./advancing.ts"
import * as Key from "./key.ts"
import { codec } from "./rowCodec.ts"

/** A row of a batch, whether it has been there before or not. */
interface Entry<State> {
  readonly tenant: string
  readonly key: string
  row: View.Row<State> | undefined
  hasChanged: boolean
}

type Entries<State> = Map<string, Entry<State>>

/** How many rows a partition keeps in memory. */
const keptRows = 10_000

/** What a worker knows of the rows of a partition that it holds, and up to which event they have been folded. */
interface Known<State> {
  readonly entries: Entries<State>
  readonly upTo: number
}

/**
 * Loads the rows that a batch concerns unless they are known, folds it, and writes what has changed; with the instant that a
 * row waits for, if `dueOf` says so.
 */
export const make = <T extends View.Types>(view: View.View<T>, dueOf?: (state: T["State"]) => number) => {
  const { decode, encode } = codec(view)
  // a worker has a partition value of its own for as long as it holds the partition: nobody else writes these rows meanwhile
  const knownOf = new WeakMap<Partition, Known<T["State"]>>()

  const load = Effect.fnUntraced(function*(
    store: ProjectionStore["Service"],
    entries: Entries<T["State"]>,
    known: Entries<T["State"]>
  ) {
    const missing: Array<Entry<T["State"]>> = []
    for (const [name, entry] of entries) {
      const before = known.get(name)
      if (before === undefined) missing.push(entry)
      else entry.row = before.row
    }
    if (missing.length === 0) return
    for (const stored of yield* store.rows(view, missing)) {
      entries.get(nameOf(stored.tenant, stored.key))!.row = yield* Effect.fromResult(decode(stored))
    }
  })

  return (
    events: ReadonlyArray<RecordedEvent<T["Event"]>>,
    partition: Partition
  ): Effect.Effect<void, EventStoreError | UnreadableRow | InvalidKey, ProjectionStore> =>
    Effect.gen(function*() {
      const store = yield* ProjectionStore
      const isOurs = view.partitionedBy === "stream" || partition.of === 1
        ? () => true
        : (key: string) => Partitioning.of(key, partition.of) === partition.index
      const entries: Entries<T["State"]> = new Map()
      const steps: Array<readonly [entry: Entry<T["State"]>, event: RecordedEvent<T["Event"]>]> = []
      for (const event of events) {
        const { position, stream: { tenant } } = event
        for (const key of view.keys(event)) {
          if (!isOurs(key)) continue
          const name = nameOf(tenant, key)
          let entry = entries.get(name)
          if (entry === undefined) {
            const problem = Key.problem(key)
            if (problem !== undefined) {
              return yield* new InvalidKey({ view: view.name, version: view.version, key, position, problem })
            }
            entries.set(name, entry = { tenant, key, row: undefined, hasChanged: false })
          }
          steps.push([entry, event])
        }
      }
      const [first] = events
      const last = events[events.length - 1]
      if (first === undefined || last === undefined || steps.length === 0) return

      const before = knownOf.get(partition)
      // events that come again: what was folded of them was not committed
      const known = before === undefined || first.position <= before.upTo ? new Map() : before.entries
      yield* load(store, entries, known)
      for (const [entry, event] of steps) {
        const row = advance(view, entry.row, event, entry.key)
        if (row === entry.row) continue
        entry.row = row
        entry.hasChanged = true
      }
      const saved: Array<StoredRow> = []
      for (const { hasChanged, key, row, tenant } of entries.values()) {
        if (!hasChanged || row === undefined) continue
        const due = row.state === null ? undefined : dueOf?.(row.state)
        const state = yield* Effect.fromResult(encode(key, row.state))
        saved.push({ tenant, key, position: row.position, state, due })
      }
      if (saved.length > 0) yield* store.saveRows(view, saved)
      knownOf.set(partition, { entries: latest(known, entries), upTo: last.position })
    })
}

const nameOf = (tenant: string, key: string) => `${tenant}\0${key}`

/** Those used last, in the order of their use. */
const latest = <State>(known: Entries<State>, entries: Entries<State>): Entries<State> => {
  for (const [name, entry] of entries) {
    known.delete(name)
    known.set(name, entry)
  }
  for (const name of known.keys()) {
    if (known.size <= keptRows) break
    known.delete(name)
  }
  return known
}

type Handle = ReturnType<typeof make<View.Types>>

const handles = new WeakMap<View.View<View.Types>, Handle>()

/** What makes a view a projection: it keeps its rows, and a copy of it those of the copy. */
export const projection = {
  delivery: "exactly once",
  // each row that changes is written once for a batch
  batchSize: 10_000,
  handle(this: View.View<View.Types>, ...[events, partition]: Parameters<Handle>): ReturnType<Handle> {
    let handle = handles.get(this)
    if (handle === undefined) handles.set(this, handle = make(this))
    return handle(events, partition)
  }
} as const
