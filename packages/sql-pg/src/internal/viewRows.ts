import * as Effect from "effect/Effect"
import type { EventStoreError } from "refold/EventStoreError"
import type { ProjectionId, ProjectionStore, StoredRow } from "refold/ProjectionStore"
import { viewRowStatements } from "./sql/viewRows.ts"

interface ViewRow {
  readonly tenant: string
  readonly key: string
  readonly position: bigint
  readonly state: string | null
}

/** A row of a page, or what there is to say of all of them, without a key. */
interface PageRow {
  readonly reached: bigint | null
  readonly is_readable: boolean | null
  readonly parked_streams: ReadonlyArray<string> | null
  readonly key: string | null
  readonly position: bigint | null
  readonly state: string | null
}

/** Where no row is due, one without a key tells the rest. */
interface DueRow extends Omit<ViewRow, "key"> {
  readonly reached: bigint
  readonly key: string | null
  readonly due: bigint
}

/** Runs a statement whose first parameters are the projection and its version. */
type Query = <Row extends object>(
  text: string,
  id: ProjectionId,
  parameters?: ReadonlyArray<unknown>
) => Effect.Effect<ReadonlyArray<Row>, EventStoreError>

type ViewRows = Pick<
  ProjectionStore["Service"],
  "rows" | "saveRows" | "dropRows" | "tenants" | "page" | "changes" | "due"
>

/** The rows of views, in the database. */
export const make = (
  query: Query,
  schema: string
): ViewRows => {
  const statement = viewRowStatements(schema)
  return {
    rows: (id, keys) =>
      Effect.map(
        query<ViewRow>(statement.rows, id, [keys.map(({ tenant }) => tenant), keys.map(({ key }) => key)]),
        (rows) => rows.map(stored)
      ),

    saveRows: (id, rows) =>
      Effect.asVoid(query(statement.saveRows, id, [
        rows.map(({ tenant }) => tenant),
        rows.map(({ key }) => key),
        rows.map(({ position }) => BigInt(position)),
        // the client cannot tell the type of an array that has nothing but nulls
        rows.map(({ state }) => state ?? ""),
        rows.map(({ due }) => due?.toString() ?? "")
      ])),

    dropRows: (id, rows) =>
      Effect.asVoid(query(statement.dropRows, id, [
        rows.map(({ tenant }) => tenant),
        rows.map(({ key }) => key),
        rows.map(({ position }) => BigInt(position))
      ])),

    tenants: (id) =>
      Effect.map(query<Pick<ViewRow, "tenant">>(statement.tenants, id), (rows) => rows.map(({ tenant }) => tenant)),

    page: (id, { afterKey, category, key, limit, tenant }) => {
      const parameters = [tenant, limit]
      const found = key !== undefined
        ? query<PageRow>(statement.row, id, [...parameters, key, category ?? null])
        : afterKey !== undefined
        ? query<PageRow>(statement.nextPage, id, [...parameters, afterKey])
        : query<PageRow>(statement.firstPage, id, parameters)
      return Effect.map(found, ([head, ...rows]) => ({
        position: Number(head?.reached ?? 0),
        isReadable: head?.is_readable ?? false,
        parkedStreams: head?.parked_streams ?? [],
        rows: rows.flatMap(({ key, position, state }) =>
          key === null ? [] : [{ tenant, key, position: Number(position), state }]
        )
      }))
    },

    changes: (id, { after, afterKey, limit, tenant }) =>
      Effect.map(
        query<ViewRow>(statement.changes, id, [tenant, BigInt(after), afterKey ?? null, limit]),
        (rows) => rows.map(stored)
      ),

    due: (id, { by, limit }) =>
      Effect.map(query<DueRow>(statement.due, id, [BigInt(by), limit]), (rows) => ({
        position: Number(rows[0]?.reached ?? 0),
        rows: rows.flatMap(({ due, key, ...row }) =>
          key === null ? [] : [{ ...stored({ ...row, key }), due: Number(due) }]
        )
      }))
  }
}

const stored = ({ key, position, state, tenant }: ViewRow): StoredRow => ({
  tenant,
  key,
  position: Number(position),
  state
})
