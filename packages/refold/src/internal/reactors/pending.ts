import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import { ProjectionStore } from "../../ProjectionStore.ts"
import type { UnreadableRow } from "../../ViewError.ts"
import { codec } from "../projections/rowCodec.ts"
import type { Journal } from "./journal.ts"
import type { Timetable } from "./timetable.ts"
import { Waiting } from "./waiting.ts"

/** What is pending, as of a place in the log. */
interface Pending {
  readonly waiting: Waiting
  /** Whether these are all that were asked for. */
  readonly isWhole: boolean
  /** Up to here the log has been heard. */
  readonly end: number
  /** The position of the last event of the journal that was heard, or 0. */
  readonly last: number
}

/**
 * The timers that are due first, `limit` or so of those up to `by`: from the timetable, and from what the journal has beyond
 * it. What is in a row already may be heard again, in its order, and comes to the same.
 */
export const load = Effect.fnUntraced(function*(
  journal: Journal,
  timetable: Timetable,
  options: {
    readonly by: number
    readonly limit: number
    /** The journal is to be heard from here, if not from earlier. */
    readonly after?: number | undefined
  }
): Effect.fn.Return<Pending, EventStoreError | UnreadableRow, EventStore | ProjectionStore> {
  const { after = Infinity, by, limit } = options
  const store = yield* EventStore
  const { decode } = codec(timetable)
  const { position, rows } = yield* ProjectionStore.use((projections) => projections.due(timetable, { by, limit }))
  const waiting = new Waiting(timetable, rows[limit - 1]?.due ?? by)
  for (const row of rows) {
    const { state } = yield* Effect.fromResult(decode(row))
    if (state !== null) waiting.set(row.tenant, row.key, state)
  }
  let end = Math.min(position, after)
  let last = 0
  yield* Stream.runForEach(
    store.batches([journal], { follow: false, after: end, tenants: "all" }),
    (batch) =>
      Effect.sync(() => {
        waiting.hear(batch.events)
        end = batch.end
        last = batch.events.at(-1)?.position ?? last
      })
  )
  return { waiting, isWhole: rows.length < limit, end, last }
})
