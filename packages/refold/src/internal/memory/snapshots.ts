import * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type { EventStoreDriver, NewSnapshot, StreamPage } from "../../EventStoreDriver.ts"
import type { StreamId } from "../../StreamId.ts"

/** What snapshots have to know of the log. */
export interface Log {
  readonly key: (stream: StreamId) => string
  readonly call: <A>(evaluate: () => A) => Effect.Effect<A>
  readonly readPage: (options: {
    readonly stream: StreamId
    readonly after: number
    readonly limit: number
  }) => StreamPage
  readonly positionOf: (stream: StreamId, version: number) => number | undefined
}

/** Snapshots keep their JSON text, as events do. */
export const make = (
  { call, key, positionOf, readPage }: Log
): Pick<EventStoreDriver, "readFromSnapshot" | "writeSnapshot"> & { readonly forget: (stream: StreamId) => void } => {
  const snapshots = new Map<string, NewSnapshot>()
  const isThere = ({ position, stream, version }: NewSnapshot) => positionOf(stream, version) === position
  const name = (stream: StreamId, fingerprint: string) => `${key(stream)}\0${fingerprint}`
  return {
    forget: (stream) => {
      for (const place of snapshots.keys()) if (place.startsWith(name(stream, ""))) snapshots.delete(place)
    },
    readFromSnapshot: ({ at, fingerprint, limit, stream, version = Infinity }) =>
      call(() => {
        const found = snapshots.get(name(stream, fingerprint))
        const fits = found !== undefined && isThere(found) && found.version <= version &&
          (at === undefined || DateTime.isLessThanOrEqualTo(found.recordedAt, at))
        const snapshot = fits ? { ...found, state: JSON.parse(found.state) } : undefined
        return { ...readPage({ stream, after: snapshot?.version ?? 0, limit }), snapshot }
      }),
    writeSnapshot: (snapshot) =>
      call(() => {
        const place = name(snapshot.stream, snapshot.fingerprint)
        const found = snapshots.get(place)
        if (found === undefined || found.version < snapshot.version || !isThere(found)) snapshots.set(place, snapshot)
      })
  }
}
