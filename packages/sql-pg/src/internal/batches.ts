import type { Append, Placement, StoredEvent } from "refold/EventStoreDriver"
import { type EventRow, instantOf, storedEvent } from "./rows.ts"

/** What became of one append of a batch. */
export type Verdict =
  | { readonly _tag: "Placed"; readonly placement: Placement }
  | { readonly _tag: "Refused"; readonly version: number; readonly missed: ReadonlyArray<StoredEvent> }

export interface AppendRow extends EventRow {
  readonly first_row: bigint
  readonly missed: boolean
  readonly accepted: boolean
}

const unbounded = Number.MAX_SAFE_INTEGER
const noId = "00000000-0000-0000-0000-000000000000"

/** Numbers and ids need no escaping: as one text they cost the client least. */
const literal = (values: ReadonlyArray<string | number>) => `{${values.join()}}`

/** The arguments of the append function: columns, with a row for each event. */
export const parametersOf = (appends: ReadonlyArray<Append>, atomic: boolean): ReadonlyArray<unknown> => {
  const ordinals: Array<number> = []
  const tenants: Array<string> = []
  const categories: Array<string> = []
  const streamIds: Array<string> = []
  const atLeast: Array<number> = []
  const atMost: Array<number> = []
  const since: Array<number> = []
  const onlyTypes: Array<string> = []
  const ids: Array<string> = []
  const types: Array<string> = []
  const schemaVersions: Array<number> = []
  const data: Array<string> = []
  const metadata: Array<string> = []
  let writes = false
  for (const { condition, events, stream } of appends) {
    const upTo = Math.min(condition.atMost, unbounded)
    const after = condition.since?.version ?? unbounded
    const allowed = condition.since === undefined || condition.since.types.length === 0
      ? "[]"
      : JSON.stringify(condition.since.types)
    const rows = Math.max(1, events.length)
    writes ||= events.length > 0
    for (let row = 0; row < rows; row++) {
      const event = events[row]
      ordinals.push(event === undefined ? 0 : row + 1)
      tenants.push(stream.tenant)
      categories.push(stream.category)
      streamIds.push(stream.id)
      atLeast.push(condition.atLeast)
      atMost.push(upTo)
      since.push(after)
      onlyTypes.push(allowed)
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
    literal(ordinals),
    tenants,
    categories,
    streamIds,
    literal(atLeast),
    literal(atMost),
    literal(since),
    onlyTypes,
    literal(ids),
    types,
    literal(schemaVersions),
    data,
    metadata
  ]
}

/** The arguments for one append of at most one event. */
export const parametersOfOne = ({ condition, events: [event], stream }: Append): ReadonlyArray<unknown> => [
  event !== undefined,
  stream.tenant,
  stream.category,
  stream.id,
  String(condition.atLeast),
  String(Math.min(condition.atMost, unbounded)),
  String(condition.since?.version ?? unbounded),
  JSON.stringify(condition.since?.types ?? []),
  event?.id ?? noId,
  event?.type ?? "",
  String(event?.schemaVersion ?? 0),
  event?.data ?? "null",
  event?.metadata ?? "null"
]

/** What the rows that came back say of each append. */
export const verdictsOf = (
  appends: ReadonlyArray<Append>,
  rows: ReadonlyArray<AppendRow>
): ReadonlyArray<Verdict> => {
  let next = 1
  const indexes = new Map<number, number>()
  for (const [index, { events }] of appends.entries()) {
    indexes.set(next, index)
    next += Math.max(1, events.length)
  }
  const missed = new Map<number, Array<StoredEvent>>()
  const verdicts: Array<Verdict> = []
  // what an append had missed comes before what became of it
  for (const row of rows) {
    const first = Number(row.first_row)
    const index = indexes.get(first)!
    const { events, stream } = appends[index]!
    if (!row.missed) verdicts[index] = verdictOf(row, events.length, missed.get(first) ?? nothing)
    else if (missed.has(first)) missed.get(first)!.push(storedEvent(stream, row))
    else missed.set(first, [storedEvent(stream, row)])
  }
  return verdicts
}

const nothing: ReadonlyArray<StoredEvent> = []

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
        recordedAt: instantOf(recorded_at),
        missed,
        repeated: false
      }
    }
    : { _tag: "Refused", version: Number(version), missed }
