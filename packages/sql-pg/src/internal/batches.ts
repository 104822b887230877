import * as DateTime from "effect/DateTime"
import * as AppendCondition from "refold/AppendCondition"
import type { Append, Placement, StoredEvent } from "refold/EventStoreDriver"
import { type EventRow, storedEvent } from "./rows.ts"

/** What became of one append of a batch. */
export type Verdict =
  | { readonly _tag: "Placed"; readonly placement: Placement }
  | { readonly _tag: "Refused"; readonly version: number; readonly missed: ReadonlyArray<StoredEvent> }

export interface AppendRow extends EventRow {
  readonly append: number
  readonly missed: boolean
  readonly accepted: boolean
}

const unbounded = 2n ** 63n - 1n
const noId = "00000000-0000-0000-0000-000000000000"

/** The arguments of the append function: columns, with a row for each event. */
export const parametersOf = (appends: ReadonlyArray<Append>, atomic: boolean): ReadonlyArray<unknown> => {
  const indexes: Array<number> = []
  const ordinals: Array<number> = []
  const tenants: Array<string> = []
  const categories: Array<string> = []
  const streamIds: Array<string> = []
  const atLeast: Array<bigint> = []
  const atMost: Array<bigint> = []
  const since: Array<bigint> = []
  const onlyTypes: Array<string> = []
  const known: Array<bigint> = []
  const ids: Array<string> = []
  const types: Array<string> = []
  const schemaVersions: Array<number> = []
  const data: Array<string> = []
  const metadata: Array<string> = []
  let writes = false
  for (const [index, { condition, events, stream }] of appends.entries()) {
    const knownVersion = AppendCondition.knownVersion(condition)
    const from = BigInt(condition.atLeast)
    const upTo = Number.isFinite(condition.atMost) ? BigInt(condition.atMost) : unbounded
    const after = condition.since === undefined ? unbounded : BigInt(condition.since.version)
    const allowed = condition.since === undefined ? "[]" : JSON.stringify(condition.since.types)
    const seen = knownVersion === undefined ? unbounded : BigInt(knownVersion)
    const rows = Math.max(1, events.length)
    writes ||= events.length > 0
    for (let row = 0; row < rows; row++) {
      const event = events[row]
      indexes.push(index)
      ordinals.push(event === undefined ? 0 : row + 1)
      tenants.push(stream.tenant)
      categories.push(stream.category)
      streamIds.push(stream.id)
      atLeast.push(from)
      atMost.push(upTo)
      since.push(after)
      onlyTypes.push(allowed)
      known.push(seen)
      ids.push(event?.id ?? noId)
      types.push(event?.type ?? "")
      schemaVersions.push(event?.schemaVersion ?? 0)
      data.push(event?.data ?? "null")
      metadata.push(event?.metadata ?? "null")
    }
  }
  return [
    writes,
    atomic,
    indexes,
    ordinals,
    tenants,
    categories,
    streamIds,
    atLeast,
    atMost,
    since,
    onlyTypes,
    known,
    ids,
    types,
    schemaVersions,
    data,
    metadata
  ]
}

/** What the rows that came back say of each append. */
export const verdictsOf = (
  appends: ReadonlyArray<Append>,
  rows: ReadonlyArray<AppendRow>
): ReadonlyArray<Verdict> => {
  const missed: ReadonlyArray<Array<StoredEvent>> = appends.map(() => [])
  const verdicts: Array<Verdict> = []
  for (const row of rows) {
    const { events, stream } = appends[row.append]!
    if (row.missed) missed[row.append]!.push(storedEvent(stream, row))
    else verdicts[row.append] = verdictOf(row, events.length, missed[row.append]!)
  }
  return verdicts
}

const verdictOf = (
  { accepted, position, recorded_at, version }: AppendRow,
  events: number,
  missed: ReadonlyArray<StoredEvent>
): Verdict =>
  accepted
    ? {
      _tag: "Placed",
      placement: {
        version: Number(version) + events,
        position: Number(position) + Math.max(0, events - 1),
        recordedAt: DateTime.makeUnsafe(recorded_at),
        missed,
        repeated: false
      }
    }
    : { _tag: "Refused", version: Number(version), missed }
