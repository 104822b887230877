/** Stores in the memory of the process. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"
import * as Account from "../account.ts"
import * as Audit from "../Audit.ts"
import { BenchFailure } from "../BenchFailure.ts"
import { type Contender, type Executes, promises } from "./Contender.ts"
import * as Refold from "./refold.ts"

export const refoldMemory: Contender<Executes> = {
  name: "refold",
  open: () =>
    Effect.map(Layer.build(MemoryEventStore.layer), (context) => {
      const store = Context.get(context, EventStore.EventStore)
      return Refold.session(
        store,
        Stream.runCollect(store.readAll([Refold.makeAccount()])).pipe(
          Effect.map((recorded) => Audit.ofEvents(recorded.map((each) => ({ ...each, stream: each.stream.id })))),
          Effect.mapError((cause) => new BenchFailure({ message: cause.message, cause }))
        )
      )
    })
}

/** The bare ceiling: an array of events per stream, nothing checked, copied or encoded. */
export const plainArray: Contender<Executes> = {
  name: "array",
  open: () =>
    Effect.sync(() => {
      const streams = new Map<string, Array<Account.AccountEvent>>()
      const log: Array<{ readonly stream: string; readonly version: number; readonly event: Account.AccountEvent }> = []
      const append = (stream: string, events: Array<Account.AccountEvent>, event: Account.AccountEvent) => {
        events.push(event)
        log.push({ stream, version: events.length, event })
      }
      return {
        seed: (names, length) =>
          Effect.sync(() => {
            for (const stream of names) {
              const events: Array<Account.AccountEvent> = []
              streams.set(stream, events)
              for (const event of Account.history(stream, length)) append(stream, events, event)
            }
          }),
        execute: (turns) =>
          promises(turns, async (stream) => {
            const events = streams.get(stream)!
            let state = Account.initial
            for (const event of events) state = Account.evolve(state, event)
            append(stream, events, Account.deposit(state))
            return 1
          }),
        audit: Effect.sync(() =>
          Audit.ofEvents(log.map((entry, index) => ({ ...entry, position: index + 1, id: `${index + 1}` })))
        )
      }
    })
}
