import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import { ProjectionStore, type RowPage } from "../../ProjectionStore.ts"
import type { RecordedEvent } from "../../RecordedEvent.ts"
import * as View from "../../View.ts"
import { NotReached, NotReadable, type UnreadableRow } from "../../ViewError.ts"
import type { Consistency, ReadError } from "../../Views.ts"
import { tenantFor } from "../store/naming.ts"
import * as Key from "./key.ts"
import { codec } from "./rowCodec.ts"

const pageSize = 1_000

type Which = { readonly tenant: string; readonly key: string | undefined }

/** The rows of the view that are stored, or the one with a key, and what the log has beyond them if that is asked for. */
export const rows = Effect.fnUntraced(function*<T extends View.Types>(
  view: View.View<T>,
  key: string | undefined,
  consistency: Consistency
): Effect.fn.Return<View.Rows<T["State"]>, ReadError, EventStore | ProjectionStore> {
  const projections = yield* ProjectionStore
  const which = { tenant: yield* tenantFor(view.from[0].category), key }
  const first = yield* firstPage(projections, view, which, consistency)
  const stored = yield* decoded(projections, view, which, first)
  // it was started over meanwhile: what has been read belongs to no moment
  if (stored === undefined) return yield* rows(view, key, consistency)
  if (consistency !== "current") return stored
  // rows of later pages may have had some of this already, which their positions tell
  return yield* tail(yield* EventStore, view, stored, { after: first.position, key, without: first.parkedStreams })
})

/** What is in the first page and those after it; `undefined` if they do not go together. */
const decoded = Effect.fnUntraced(function*<T extends View.Types>(
  store: ProjectionStore["Service"],
  view: View.View<T>,
  { key, tenant }: Which,
  first: RowPage
): Effect.fn.Return<View.Rows<T["State"]> | undefined, EventStoreError | UnreadableRow> {
  const { decode } = codec(view)
  const rows = new Map<string, View.Row<T["State"]>>()
  for (let page = first;;) {
    for (const stored of page.rows) rows.set(stored.key, yield* Effect.fromResult(decode(stored)))
    const last = page.rows[pageSize - 1]
    if (key !== undefined || last === undefined) return rows
    page = yield* store.page(view, { tenant, afterKey: last.key, limit: pageSize })
    if (page.position < first.position || !page.isReadable) return undefined
  }
})

const firstPage = <T extends View.Types>(
  store: ProjectionStore["Service"],
  { from, name, partitionedBy, version }: View.View<T>,
  { key, tenant }: Which,
  consistency: Consistency
): Effect.Effect<RowPage, EventStoreError | NotReached | NotReadable> => {
  // what cannot be a key has no row, and no engine need be able to look for it
  const limit = key === undefined || Key.problem(key) === undefined ? pageSize : 0
  const which = limit === 0
    ? { limit }
    : { key, category: partitionedBy === "stream" ? from[0].category : undefined, limit }
  const ask = store.page({ name, version }, { tenant, ...which })
  const notReadable = () => new NotReadable({ view: name, version })
  if (typeof consistency === "string") return Effect.filterOrFail(ask, isReadable, notReadable)
  const { atLeast: asked, within = "5 seconds" } = consistency
  const isReached = (page: RowPage) => page.isReadable && page.position >= asked
  let last: RowPage | undefined
  const wait = Effect.scoped(Effect.gen(function*() {
    const moved = yield* store.watch
    for (;;) {
      const page = yield* ask
      if (isReached(page)) return page
      last = page
      // whoever runs it first may be about to begin; to build it beside the one that is read may take hours
      if (!page.isReadable && (yield* store.list(name)).some(({ isLive }) => isLive)) return yield* notReadable()
      yield* moved
    }
  })).pipe(
    Effect.timeoutOption(within),
    Effect.flatMap(Option.match({
      onSome: Effect.succeed,
      onNone: () =>
        Effect.fail(
          last?.isReadable === true
            ? new NotReached({ view: name, version, asked, reached: last.position })
            : notReadable()
        )
    }))
  )
  // most of the time nobody has to wait
  return Effect.flatMap(ask, (page) => {
    last = page
    return isReached(page) ? Effect.succeed(page) : wait
  })
}

const isReadable = (page: RowPage): boolean => page.isReadable

/** Folds what is in the log after a position on top of rows, leaving out streams whose events are parked. */
export const tail = <T extends View.Types>(
  store: EventStore["Service"],
  view: View.View<T>,
  rows: View.Rows<T["State"]>,
  { after, key, without = [] }: {
    readonly after: number
    readonly key?: string | undefined
    readonly without?: ReadonlyArray<string>
  }
): Effect.Effect<View.Rows<T["State"]>, EventStoreError> => {
  const waiting = new Set(without)
  const keys = (recorded: RecordedEvent<T["Event"]>): ReadonlyArray<string> => {
    if (view.partitionedBy === "stream" && waiting.has(recorded.stream.id)) return []
    const keys = view.keys(recorded)
    return key === undefined ? keys : keys.includes(key) ? [key] : []
  }
  const concerned = { ...view, keys }
  return Stream.runFold(
    store.batches(view.from, { follow: false, after }),
    () => rows,
    (rows, { events }) => View.fold(concerned, rows, events)
  )
}
