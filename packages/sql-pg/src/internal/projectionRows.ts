import type { Claim, Status } from "refold/ProjectionStore"

/* What the statements of projections return, apart from the rows of views. */

export interface GreetRow {
  readonly others: number
  readonly before: number
  readonly partitions: number
  readonly mine: number
  readonly free: number
}

export interface ClaimRow {
  readonly partition: number
  readonly token: bigint
  readonly position: bigint
  readonly until: bigint | null
  readonly gates: ReadonlyArray<bigint>
  readonly may_retry: boolean
}

export interface ParkedRow {
  readonly partition: number
  readonly position: bigint
  readonly tenant: string
  readonly category: string
  readonly stream_id: string
  readonly event_version: bigint
  readonly type: string
  readonly error: string
  readonly is_skipped: boolean
  readonly is_to_retry: boolean
  readonly parked_at: Date
}

export interface StatusRow {
  readonly projection: string
  readonly version: number
  readonly partition: number
  readonly status: Status
  readonly position: bigint
  readonly handled: bigint
  readonly moved_at: Date | null
  readonly error: string | null
  readonly owner: string | null
  readonly is_live: boolean
  readonly log_end: bigint
  readonly behind: bigint
  readonly behind_since: Date | null
  readonly parked: number
}

export const placeOf = (
  { gates, partition, position, token, until }: Omit<ClaimRow, "may_retry">
): Omit<Claim, "mayRetry"> => ({
  partition,
  token: Number(token),
  position: Number(position),
  until: until === null ? undefined : Number(until),
  gates: gates.map(Number)
})

export const claimOf = (row: ClaimRow): Claim => ({ ...placeOf(row), mayRetry: row.may_retry })
