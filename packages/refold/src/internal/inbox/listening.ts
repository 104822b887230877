import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Outcome } from "../../Inbox.ts"
import { streamId } from "../store/naming.ts"
import type { Entries } from "./entries.ts"

/*
 * Those of a process who wait for answers of one inbox, for one tenant, listen together: there is one subscription, however
 * many they are.
 */

/** Somebody who waits for an answer. */
type Seat = Deferred.Deferred<Outcome, EventStoreError>

interface Room {
  /** Who waits, by what for. */
  readonly seats: Map<string, Set<Seat>>
  /** After which position somebody listens for all of them. */
  listener: { readonly after: number; fiber: Fiber.Fiber<unknown, unknown> | undefined } | undefined
}

const rooms = new WeakMap<EventStore["Service"], Map<string, Room>>()

const nameOf = (id: string, commandId: string) => JSON.stringify([id, commandId])

/** What is heard of a command that was accepted. */
export interface Heard {
  readonly outcome: Effect.Effect<Outcome, EventStoreError>
  /** Whether the answer may be in the log before what is listened to. */
  readonly mayBePast: boolean
}

/** Takes a seat for as long as `use` runs, which calls the inner function once its command is accepted at a position. */
export const listen = Effect.fnUntraced(function*<A, E, R>(
  entries: Entries,
  { commandId, id }: { readonly id: string; readonly commandId: string },
  use: (after: (position: number) => Effect.Effect<Heard>) => Effect.Effect<A, E, R>
): Effect.fn.Return<A, E | EventStoreError, R | EventStore> {
  const store = yield* EventStore
  const { tenant } = yield* streamId(entries.category, id)
  const place = `${tenant}\0${entries.category}`
  const name = nameOf(id, commandId)
  const seat: Seat = Deferred.makeUnsafe()
  const enter = Effect.sync(() => {
    let all = rooms.get(store)
    if (all === undefined) rooms.set(store, all = new Map())
    let room = all.get(place)
    if (room === undefined) all.set(place, room = { seats: new Map(), listener: undefined })
    const others = room.seats.get(name)
    if (others === undefined) room.seats.set(name, new Set([seat]))
    else others.add(seat)
    return { all, room }
  })
  return yield* Effect.acquireUseRelease(
    enter,
    ({ room }) =>
      use((position) =>
        Effect.map(begin(room, store, entries, position), (after) => ({
          outcome: Deferred.await(seat),
          mayBePast: after > position
        }))
      ),
    ({ all, room: { listener, seats } }) => {
      const others = seats.get(name)
      others?.delete(seat)
      if (others?.size === 0) seats.delete(name)
      if (seats.size > 0) return Effect.void
      all.delete(place)
      return listener?.fiber === undefined ? Effect.void : Fiber.interrupt(listener.fiber)
    }
  )
})

/** Listens after this position, unless somebody does already: returns after which. */
const begin = (room: Room, store: EventStore["Service"], entries: Entries, after: number): Effect.Effect<number> =>
  Effect.uninterruptible(Effect.suspend(() => {
    if (room.listener !== undefined) return Effect.succeed(room.listener.after)
    const listener: Room["listener"] = room.listener = { after, fiber: undefined }
    const listening = Stream.runForEachArray(
      store.subscribe([entries], { after, types: ["Answered"] }),
      (events) =>
        Effect.sync(() => {
          for (const { event, stream } of events) {
            if (event._tag !== "Answered") continue
            for (const seat of room.seats.get(nameOf(stream.id, event.commandId)) ?? []) {
              Deferred.doneUnsafe(seat, Effect.succeed(event.outcome))
            }
          }
        })
    )
    const ended = (exit: Exit.Exit<void, EventStoreError>) =>
      Effect.sync(() => {
        room.listener = undefined
        if (Exit.isSuccess(exit)) return
        for (const seats of room.seats.values()) {
          for (const seat of seats) Deferred.doneUnsafe(seat, Effect.failCause(exit.cause))
        }
      })
    return Effect.map(Effect.forkDetach(Effect.onExit(listening, ended)), (fiber) => {
      listener.fiber = fiber
      return after
    })
  }))
