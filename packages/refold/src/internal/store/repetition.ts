import * as Equal from "effect/Equal"
import * as Result from "effect/Result"
import type { Append, Appends, NewEvent, StoredContent, StoredEvent } from "../../EventStoreDriver.ts"
import { EventIdTaken, EventStoreError } from "../../EventStoreError.ts"
import type { StreamId } from "../../StreamId.ts"

/** What the driver's `repetition` finds. */
export const find = (
  appends: Appends,
  stored: ReadonlyArray<StoredEvent>
): Result.Result<ReadonlyArray<StoredEvent | undefined>, EventStoreError> | undefined => {
  const [known] = stored
  if (known === undefined) return undefined
  const byId = new Map(stored.map((event) => [event.id, event]))
  const ends: Array<StoredEvent | undefined> = []
  for (const { events, rewrite, stream } of appends) {
    let last: StoredEvent | undefined
    for (const event of events) {
      const other = byId.get(event.id)
      const same = other !== undefined &&
        (last === undefined || other.version === last.version + 1) &&
        Equal.equals(other.stream, stream) &&
        isSame(event, other, rewrite)
      if (!same) return Result.fail(taken(event, other ?? known, stream))
      last = other
    }
    ends.push(last)
  }
  return Result.succeed(ends)
}

const isSame = (event: NewEvent, stored: StoredEvent, rewrite: Append["rewrite"]): boolean => {
  const now = isLike(event, stored) ? stored : rewrite?.(stored)
  return now !== undefined && isLike(event, now) && Equal.equals(now.data, JSON.parse(event.data))
}

const isLike = (a: StoredContent, b: StoredContent): boolean => a.type === b.type && a.schemaVersion === b.schemaVersion

const taken = ({ type }: NewEvent, { id, stream, version }: StoredEvent, { tenant }: StreamId): EventStoreError =>
  new EventStoreError({
    reason: new EventIdTaken({
      eventId: id,
      type,
      usedAt: stream.tenant === tenant ? { stream, version } : undefined
    })
  })
