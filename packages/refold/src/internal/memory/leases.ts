import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { EventStoreDriver } from "../../EventStoreDriver.ts"
import type { StreamId } from "../../StreamId.ts"

/** Leases of one process; nobody else can want them, so no turn is ever reserved. */
export const make = (key: (stream: StreamId) => string): Pick<EventStoreDriver, "acquireLease" | "releaseLease"> => {
  const leases = new Map<string, { readonly owner: string; readonly until: number }>()
  return {
    acquireLease: ({ hold, owner, stream }) =>
      Effect.map(Effect.andThen(Effect.yieldNow, Clock.currentTimeMillis), (now) => {
        const lease = leases.get(key(stream))
        if (lease !== undefined && lease.until > now) return { acquired: false, endsIn: lease.until - now }
        leases.set(key(stream), { owner, until: now + hold })
        return { acquired: true, endsIn: hold }
      }),
    releaseLease: ({ owner, stream }) =>
      Effect.sync(() => {
        if (leases.get(key(stream))?.owner === owner) leases.delete(key(stream))
      })
  }
}
