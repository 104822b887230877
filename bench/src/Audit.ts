/** Holds what a contender has stored against what it was timed for. */
import * as Effect from "effect/Effect"
import type { AccountEvent } from "./account.ts"
import { BenchFailure } from "./BenchFailure.ts"
import { withClient } from "./withClient.ts"

/** What is in the store after all rounds. */
export interface Audit {
  readonly events: number
  readonly streams: number
  /** Events whose version is not their place, by position, in their stream: gaps, doubles, and a log out of order. */
  readonly misplaced: number
  /** Deposits whose balance is not the sum of the amounts up to them: decisions made on a stale state. */
  readonly wrongBalances: number
  /** Events without an id of their own, a type or metadata. */
  readonly incomplete: number
}

/**
 * Audits a table. `rows` selects `stream`, `version`, `position`, `id`, `type`, `data` and `metadata` (jsonb) of all
 * events.
 */
export const ofTable = (url: string, rows: string): Effect.Effect<Audit, BenchFailure> =>
  withClient(url, (sql) =>
    Effect.map(
      sql.unsafe<Audit>(`
        with stored as (${rows}),
        placed as (
          select *,
            row_number() over (partition by stream order by position) as place,
            sum((data->>'amount')::bigint) over (partition by stream order by version) as total
          from stored
        )
        select count(*)::int as events,
          count(distinct stream)::int as streams,
          count(*) filter (where version <> place)::int as misplaced,
          count(*) filter (where type = 'Deposited' and (data->>'balance')::bigint is distinct from total)::int
            as "wrongBalances",
          (count(*) - count(distinct id) + count(*) filter (where type is null or metadata is null))::int as incomplete
        from placed`),
      ([found]) => found!
    ))

/** Fails unless exactly the expected events are there, each in its place. */
export const check = (
  who: string,
  expected: { readonly events: number; readonly streams: number },
  found: Audit
): Effect.Effect<void, BenchFailure> => {
  const wrongs = [
    found.events !== expected.events && `${found.events} events are stored, not ${expected.events}`,
    found.streams !== expected.streams && `${found.streams} streams are stored, not ${expected.streams}`,
    found.misplaced > 0 && `${found.misplaced} events are out of order`,
    found.wrongBalances > 0 && `${found.wrongBalances} decisions were made on a stale state`,
    found.incomplete > 0 && `${found.incomplete} events lack an id, a type or metadata`
  ].filter((wrong) => wrong !== false)
  return wrongs.length === 0
    ? Effect.void
    : Effect.fail(new BenchFailure({ message: `${who} did not do its work: ${wrongs.join("; ")}` }))
}

/** Audits events in memory. */
export const ofEvents = (
  events: ReadonlyArray<{
    readonly stream: string
    readonly version: number
    readonly position: number
    readonly id: string
    readonly event: AccountEvent
  }>
): Audit => {
  const streams = new Map<string, { version: number; balance: number }>()
  const ids = new Set<string>()
  let misplaced = 0
  let wrongBalances = 0
  for (const { event, id, stream, version } of events.toSorted((a, b) => a.position - b.position)) {
    const at = streams.get(stream) ?? { version: 0, balance: 0 }
    if (version !== at.version + 1) misplaced++
    const balance = at.balance + (event._tag === "Deposited" ? event.amount : 0)
    if (event._tag === "Deposited" && event.balance !== balance) wrongBalances++
    streams.set(stream, { version, balance })
    ids.add(id)
  }
  return {
    events: events.length,
    streams: streams.size,
    misplaced,
    wrongBalances,
    incomplete: events.length - ids.size
  }
}
