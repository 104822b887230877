import * as Effect from "effect/Effect"
import type { ProjectionStore, StoredRow } from "../../ProjectionStore.ts"
import * as Partitioning from "../partitioning.ts"
import type { State, States } from "./projectionStates.ts"

type ViewRows = Pick<
  ProjectionStore["Service"],
  "rows" | "saveRows" | "dropRows" | "tenants" | "page" | "changes" | "due"
>

const rowKey = ({ key, tenant }: Pick<StoredRow, "key" | "tenant">) => JSON.stringify([tenant, key])

/** The rows of views. */
export const make = ({ stateOf }: States): ViewRows => ({
  rows: (id, keys) => Effect.sync(() => keys.flatMap((key) => stateOf(id)?.rows.get(rowKey(key)) ?? [])),

  saveRows: (id, rows) =>
    Effect.sync(() => {
      for (const row of rows) stateOf(id)?.rows.set(rowKey(row), row)
    }),

  dropRows: (id, rows) =>
    Effect.sync(() => {
      const present = stateOf(id)?.rows
      for (const row of rows) if (present?.get(rowKey(row))?.position === row.position) present.delete(rowKey(row))
    }),

  tenants: (id) =>
    Effect.sync(() => [...new Set([...stateOf(id)?.rows.values() ?? []].map(({ tenant }) => tenant))].toSorted()),

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

  due: (id, { by, limit }) =>
    Effect.sync(() => {
      const state = stateOf(id)
      return {
        position: lowest(state),
        rows: [...state?.rows.values() ?? []]
          .flatMap((row) => row.due !== undefined && row.due <= by ? [{ ...row, due: row.due }] : [])
          .toSorted((one, other) => one.due - other.due)
          .slice(0, limit)
      }
    })
})

const rowsOf = (state: State | undefined, tenant: string): ReadonlyArray<StoredRow> =>
  [...state?.rows.values() ?? []].filter((row) => row.tenant === tenant)

const lowest = (state: State | undefined): number =>
  state === undefined ? 0 : Math.min(...state.partitions.map(({ position }) => position))
