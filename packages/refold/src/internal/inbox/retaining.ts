import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Entry, Inbox } from "../../Inbox.ts"
import { ProjectionStore, type StoredRow } from "../../ProjectionStore.ts"
import { Tenant } from "../../StreamId.ts"
import type { UnreadableRow } from "../../ViewError.ts"
import { codec } from "../projections/rowCodec.ts"
import type { Entries } from "./entries.ts"
import * as Writing from "./writing.ts"

/** How many rows are looked at in one step; each has two events, or three. */
const pageSize = 500

/** How many reads are under way at the same time. */
const concurrency = 8

/** How often to look, in milliseconds: for what is kept for days, every hour. */
const intervalFor = (retention: number): number => Math.min(3_600_000, Math.max(100, retention / 10))

/** Removes again and again, for ever, what was answered longer ago than so many milliseconds. Any number may do so. */
export const run = (inbox: Inbox, retention: number): Effect.Effect<never, never, EventStore | ProjectionStore> =>
  removeOld(inbox, retention).pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.interrupt
        : Effect.logWarning(`${inbox.name} could not remove old commands from its log, and will try again`, cause)
    ),
    Effect.andThen(Effect.sleep(intervalFor(retention))),
    Effect.forever
  )

const removeOld = Effect.fnUntraced(function*(inbox: Inbox, retention: number) {
  const projections = yield* ProjectionStore
  const before = (yield* Clock.currentTimeMillis) - retention
  // what somebody may still have in hand is not to lose its answer
  const handled = Math.min(...(yield* projections.list(inbox.name)).map(({ position }) => position))
  for (const tenant of yield* projections.tenants(inbox.log)) {
    yield* Effect.provideService(removeOldOf(inbox, tenant, { before, handled }), Tenant, tenant)
  }
})

/** Rows come in the order in which they last changed: whoever comes to one that is too young has seen the old ones. */
const removeOldOf = Effect.fnUntraced(function*(
  { entries, log }: Inbox,
  tenant: string,
  { before, handled }: { readonly before: number; readonly handled: number }
): Effect.fn.Return<void, EventStoreError | UnreadableRow, EventStore | ProjectionStore> {
  const store = yield* EventStore
  const projections = yield* ProjectionStore
  const { decode } = codec(log)
  let cursor: { readonly after: number; readonly afterKey: string | undefined } = { after: 0, afterKey: undefined }
  for (;;) {
    const page = yield* projections.changes(log, { tenant, ...cursor, limit: pageSize })
    const old: Array<StoredRow> = []
    const answered: Array<Answered> = []
    let isAllOld = true
    for (const stored of page) {
      const { state } = yield* Effect.fromResult(decode(stored))
      const changedAt = state === null ? -Infinity : DateTime.toEpochMillis(state.answeredAt ?? state.submittedAt)
      isAllOld = changedAt <= before
      if (!isAllOld) break
      if (state !== null && (state.outcome === undefined || state.position > handled)) continue
      old.push(stored)
      if (state !== null) answered.push({ ...state, commandId: stored.key })
    }
    const last = old[old.length - 1]
    if (last !== undefined) {
      // what was submitted again since, under the same id, comes after all that is in the rows
      const eventIds = yield* Effect.forEach(answered, (one) => eventIdsOf(entries, one), { concurrency })
      yield* store.discard(entries, eventIds.flat(), { upTo: last.position })
      yield* projections.dropRows(log, old)
    }
    const end = page[pageSize - 1]
    if (!isAllOld || end === undefined) return
    cursor = { after: end.position, afterKey: end.key }
  }
})

type Answered = Pick<Entry, "id" | "position" | "versions"> & { readonly commandId: string }

/**
 * The events of a command; and answers right before them, which are older than its own: what was the last of its stream
 * when its command was removed had to stay until now.
 */
const eventIdsOf = Effect.fnUntraced(function*(
  entries: Entries,
  { versions, ...one }: Answered
): Effect.fn.Return<ReadonlyArray<string>, EventStoreError, EventStore> {
  const store = yield* EventStore
  const ids = [...yield* Writing.eventIds(entries, one)]
  for (const version of versions) {
    if (version === 1 || versions.includes(version - 1)) continue
    const before = store.read(entries, one.id, { after: version - 2, upTo: version - 1 })
    yield* Stream.runForEach(before, ({ event, id }) =>
      Effect.sync(() => {
        if (event._tag === "Answered") ids.push(id)
      }))
  }
  return ids
})
