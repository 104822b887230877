import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Partition } from "../../Projection.ts"
import { ProjectionStore, type StoredRow } from "../../ProjectionStore.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import * as View from "../../View.ts"
import * as Partitioning from "../partitioning.ts"

/** Between the rows of a view and the form in which they are stored. */
export const codec = <T extends View.Types>(view: View.View<T>) => {
  const json = Schema.toCodecJson(view.state)
  const encode = Schema.encodeUnknownResult(json)
  const decode = Schema.decodeUnknownResult(json)
  const failed = (key: string) => (error: { readonly message: string }) =>
    new View.UnreadableRow({ view: view.name, version: view.version, key, problem: error.message })
  return {
    encode: (key: string, state: T["State"] | null): Result.Result<string | null, View.UnreadableRow> =>
      state === null
        ? Result.succeed(null)
        : Result.mapBoth(encode(state), { onFailure: failed(key), onSuccess: (value) => JSON.stringify(value) }),
    decode: ({ key, position, state }: StoredRow): Result.Result<View.Row<T["State"]>, View.UnreadableRow> =>
      state === null
        ? Result.succeed({ state: null, position })
        : Result.mapBoth(decode(JSON.parse(state)), {
          onFailure: failed(key),
          onSuccess: (state) => ({ state, position })
        })
  }
}

const nameOf = (tenant: string, key: string) => `${tenant}\0${key}`

/** Reads the rows that a batch concerns, folds it, and writes what has changed. */
export const make = <T extends View.Types>(view: View.View<T>) => {
  const { decode, encode } = codec(view)
  return (
    events: ReadonlyArray<RecordedEvent<T["Event"]>>,
    partition: Partition
  ): Effect.Effect<void, EventStoreError | View.UnreadableRow, ProjectionStore> =>
    Effect.gen(function*() {
      const store = yield* ProjectionStore
      const isOurs = view.isByStream || partition.of === 1
        ? () => true
        : (key: string) => Partitioning.of(key, partition.of) === partition.index
      const wanted = new Map<string, { readonly tenant: string; readonly key: string }>()
      const steps: Array<readonly [name: string, key: string, event: RecordedEvent<T["Event"]>]> = []
      for (const event of events) {
        const { tenant } = event.stream
        for (const key of view.keys(event)) {
          if (!isOurs(key)) continue
          const name = nameOf(tenant, key)
          if (!wanted.has(name)) wanted.set(name, { tenant, key })
          steps.push([name, key, event])
        }
      }
      if (steps.length === 0) return

      const rows = new Map<string, View.Row<T["State"]>>()
      for (const stored of yield* store.rows(view, [...wanted.values()])) {
        rows.set(nameOf(stored.tenant, stored.key), yield* Effect.fromResult(decode(stored)))
      }
      const changed = new Set<string>()
      for (const [name, key, event] of steps) {
        const before = rows.get(name)
        const after = View.advance(view, before, event, key)
        if (after === before) continue
        rows.set(name, after)
        changed.add(name)
      }
      const saved: Array<StoredRow> = []
      for (const name of changed) {
        const { key, tenant } = wanted.get(name)!
        const { position, state } = rows.get(name)!
        saved.push({ tenant, key, position, state: yield* Effect.fromResult(encode(key, state)) })
      }
      if (saved.length > 0) yield* store.saveRows(view, saved)
    })
}
