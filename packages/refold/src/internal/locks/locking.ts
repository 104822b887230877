import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { EventSource } from "../../EventSource.ts"
import type { EventStoreDriver } from "../../EventStoreDriver.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import { type LockExpired, type LockOptions, LockTimeout } from "../../Lock.ts"
import * as StreamId from "../../StreamId.ts"
import { streamId } from "../store/naming.ts"
import * as Leasing from "./leasing.ts"

/*
 * Those who wait for the same lock in one process stand in line, and only the first of them asks the store for the lease.
 * The store knows nothing of fibers: it keeps, for each stream, who has the lease and until when.
 */

/** Those in this process who have or want one lock. */
interface Line {
  readonly turn: Semaphore.Semaphore
  users: number
}

interface Holding {
  readonly line: Line
  /** A fiber that outlives the effect it was forked in has the lock no longer. */
  open: boolean
}

/** The locks that are held by the effect this fiber is part of. */
const Held = Context.Reference<ReadonlyArray<Holding>>("refold/internal/locking/Held", { defaultValue: () => [] })

export const make = (driver: EventStoreDriver) => {
  const lines = new Map<string, Line>()
  const leased = Leasing.make(driver)

  const enter = (key: string): Line => {
    let line = lines.get(key)
    if (line === undefined) lines.set(key, line = { turn: Semaphore.makeUnsafe(1), users: 0 })
    line.users++
    return line
  }
  const leave = (key: string, line: Line) => {
    if (--line.users === 0) lines.delete(key)
  }

  return Effect.fnUntraced(function*<A, E, R>(
    source: EventSource,
    id: string,
    effect: Effect.Effect<A, E, R>,
    { hold = "30 seconds", wait = "10 seconds" }: LockOptions = {}
  ): Effect.fn.Return<A, E | LockTimeout | LockExpired | EventStoreError, R> {
    const stream = yield* streamId(source.category, id)
    const key = JSON.stringify([stream.tenant, stream.category, stream.id])
    const held = yield* Held
    if (held.some(({ line, open }) => open && line === lines.get(key))) return yield* effect

    const terms = { stream, wait: Duration.fromInputUnsafe(wait), hold: Duration.fromInputUnsafe(hold) }
    if (!Duration.isFinite(terms.hold) || Duration.isZero(terms.hold)) {
      return yield* Effect.die(new Error(`${StreamId.format(stream)}: \`hold\` must be finite and more than nothing`))
    }
    if (yield* driver.inTransaction) {
      // the lease would be seen only after the commit, and asking for it would hold up others until then
      return yield* Effect.die(
        new Error(`${StreamId.format(stream)}: take the lock around the transaction, not inside it`)
      )
    }
    return yield* Effect.acquireUseRelease(
      Effect.sync(() => enter(key)),
      (line) => {
        const holding: Holding = { line, open: true }
        const inside = Effect.provideService(effect, Held, [...held, holding])
        const end = Effect.sync(() => {
          holding.open = false
        })
        return inTurn(line, terms, (deadline) => leased(terms, deadline, Effect.ensuring(inside, end)))
      },
      (line) => Effect.sync(() => leave(key, line))
    )
  })
}

/** First come, first served. Whoever has waited too long leaves the line; whose turn has come does not. */
const inTurn = Effect.fnUntraced(function*<A, E, R>(
  { turn }: Line,
  { stream, wait }: Leasing.Terms,
  use: (deadline: number) => Effect.Effect<A, E, R>
): Effect.fn.Return<A, E | LockTimeout, R> {
  const deadline = (yield* Clock.currentTimeMillis) + Duration.toMillis(wait)
  let state: "waits" | "inside" | "gone" = "waits"
  const inside = turn.withPermit(Effect.suspend(() => {
    if (state === "gone") return Effect.never
    state = "inside"
    return use(deadline)
  }))
  const givenUp = Effect.suspend(() => {
    if (state === "inside") return Effect.never
    state = "gone"
    return Effect.fail(new LockTimeout({ stream, waited: wait }))
  })
  return yield* Effect.raceFirst(inside, Effect.andThen(Effect.sleep(wait), givenUp))
})
