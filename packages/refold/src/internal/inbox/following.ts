import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Entry, Inbox } from "../../Inbox.ts"
import { ProjectionStore } from "../../ProjectionStore.ts"
import * as Views from "../../Views.ts"

/** The row of a command, until it has an outcome. */
export const follow = (log: Inbox["log"], commandId: string) =>
  Stream.unwrap(Effect.gen(function*() {
    const store = yield* ProjectionStore
    const [partition] = yield* store.list(log.name)
    const known = yield* Views.get(log, commandId, { consistency: "current" })
    // of one that is not there yet, the first change comes after where the log ended
    const after = Option.match(known, { onNone: () => partition?.end ?? 0, onSome: ({ position }) => position })
    const now = Option.isSome(known) ? Stream.make(known.value) : Stream.empty
    const later = Views.changes(log, { after }).pipe(
      Stream.filter(({ key, state }) => key === commandId && state !== undefined),
      Stream.map(({ state }) => state as Entry)
    )
    return Stream.takeUntil(Stream.concat(now, later), ({ outcome }) => outcome !== undefined)
  }))
