import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import { ProjectionStore, type RowPage, type StoredRow } from "../../ProjectionStore.ts"
import * as View from "../../View.ts"
import { type Change, type Consistency, NotReached, NotReadable, type ReadError } from "../../Views.ts"
import { tenantFor } from "../store/naming.ts"
import { codec } from "./viewHandler.ts"

const pageSize = 1_000

/** The rows of the view that are stored, or the one with a key, and what the log has beyond them if that is asked for. */
export const rows = Effect.fnUntraced(function*<T extends View.Types>(
  view: View.View<T>,
  key: string | undefined,
  consistency: Consistency
): Effect.fn.Return<View.Rows<T["State"]>, ReadError, EventStore | ProjectionStore> {
  const projections = yield* ProjectionStore
  const tenant = yield* tenantFor(view.from[0].category)
  const first = yield* firstPage(projections, view, { tenant, key, consistency })
  const { decode } = codec(view)
  const rows = new Map<string, View.Row<T["State"]>>()
  for (let page: RowPage = first;;) {
    for (const stored of page.rows) rows.set(stored.key, yield* Effect.fromResult(decode(stored)))
    const last = page.rows[pageSize - 1]
    if (last === undefined) break
    page = yield* projections.page(view, { tenant, afterKey: last.key, limit: pageSize })
  }
  if (consistency !== "current") return rows
  // rows of later pages may have had some of this already, which their positions tell
  return yield* tail(yield* EventStore, view, rows, { after: first.position, key })
})

const firstPage = (
  store: ProjectionStore["Service"],
  { name, version }: { readonly name: string; readonly version: number },
  { consistency, key, tenant }: {
    readonly tenant: string
    readonly key: string | undefined
    readonly consistency: Consistency
  }
): Effect.Effect<RowPage, EventStoreError | NotReached | NotReadable> => {
  const ask = Effect.filterOrFail(
    store.page({ name, version }, { tenant, key, limit: pageSize }),
    ({ isReadable }) => isReadable,
    () => new NotReadable({ view: name, version })
  )
  if (typeof consistency === "string") return ask
  const { atLeast: asked, within = "5 seconds" } = consistency
  let reached = 0
  return Effect.scoped(Effect.gen(function*() {
    const moved = yield* store.watch
    for (;;) {
      const page = yield* ask
      if (page.position >= asked) return page
      reached = page.position
      yield* moved
    }
  })).pipe(
    Effect.timeoutOption(within),
    Effect.flatMap(Option.match({
      onSome: Effect.succeed,
      onNone: () => Effect.fail(new NotReached({ view: name, version, asked, reached }))
    }))
  )
}

/** Folds what is in the log after a position on top of rows. */
export const tail = <T extends View.Types>(
  store: EventStore["Service"],
  view: View.View<T>,
  rows: View.Rows<T["State"]>,
  { after, key }: { readonly after: number; readonly key?: string | undefined }
): Effect.Effect<View.Rows<T["State"]>, EventStoreError> => {
  const concerned = key === undefined ? view : { ...view, keys: keysAmong(view, key) }
  return Stream.runFold(
    store.batches(view.from, { follow: false, after }),
    () => rows,
    (rows, { events }) => View.fold(concerned, rows, events)
  )
}

const keysAmong = <T extends View.Types>({ keys }: View.View<T>, key: string): View.View<T>["keys"] => (recorded) =>
  keys(recorded).includes(key) ? [key] : []

/** Rows by the position of their last change; only up to where all partitions have come, lest one be passed over. */
export const changes = <T extends View.Types>(
  store: ProjectionStore["Service"],
  view: View.View<T>,
  { after, tenant }: { readonly tenant: string; readonly after: number }
): Stream.Stream<Change<T["State"]>, EventStoreError | View.UnreadableRow> => {
  const { decode } = codec(view)
  const changeOf = (stored: StoredRow): Result.Result<Change<T["State"]>, View.UnreadableRow> =>
    Result.map(decode(stored), ({ position, state }) => ({ key: stored.key, state: state ?? undefined, position }))
  return Stream.unwrap(Effect.map(store.watch, (moved) =>
    Stream.paginate(after, (after) =>
      Effect.gen(function*() {
        const page = yield* store.changes(view, { tenant, after, limit: pageSize })
        if (page.length === 0) yield* moved
        const changes = yield* Effect.fromResult(Result.all(page.map(changeOf)))
        return [changes, Option.some(page[page.length - 1]?.position ?? after)] as const
      }))))
}
