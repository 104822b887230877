import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { ProjectionStore, StoredRow } from "../../ProjectionStore.ts"
import type * as View from "../../View.ts"
import type { Change } from "../../Views.ts"
import { codec } from "./rowCodec.ts"

const pageSize = 1_000

/**
 * Rows by the position of their last change and their key: one event may change several. Only up to where all partitions
 * have come, lest one be passed over.
 */
export const changes = <T extends View.Types>(
  store: ProjectionStore["Service"],
  view: View.View<T>,
  { after, afterKey, tenant }: {
    readonly tenant: string
    readonly after: number
    readonly afterKey: string | undefined
  }
): Stream.Stream<Change<T["State"]>, EventStoreError | View.UnreadableRow> => {
  const { decode } = codec(view)
  const changeOf = (stored: StoredRow): Result.Result<Change<T["State"]>, View.UnreadableRow> =>
    Result.map(decode(stored), ({ position, state }) => ({ key: stored.key, state: state ?? undefined, position }))
  return Stream.unwrap(
    Effect.map(store.watch, (moved) =>
      Stream.paginate({ after, afterKey }, (cursor) =>
        Effect.gen(function*() {
          const page = yield* store.changes(view, { tenant, ...cursor, limit: pageSize })
          if (page.length === 0) yield* moved
          const changes = yield* Effect.fromResult(Result.all(page.map(changeOf)))
          const last = page[page.length - 1]
          return [
            changes,
            Option.some(last === undefined ? cursor : { after: last.position, afterKey: last.key })
          ] as const
        })))
  )
}
