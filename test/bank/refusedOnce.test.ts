/** A step of a transfer that was refused stays refused, also if who took it has died before it could say so. */
import { assert, it } from "@effect/vitest"
import { Account } from "@refold/example-bank/Account"
import { Transfer } from "@refold/example-bank/Transfer"
import { Transfers } from "@refold/example-bank/Transfers"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import { EventStoreError, Unavailable } from "refold/EventStoreError"
import * as MemoryEventStore from "refold/MemoryEventStore"
import { ProjectionStore } from "refold/ProjectionStore"
import * as Reactor from "refold/Reactor"
import { audit } from "./support/audit.ts"

/** Once, whoever takes the steps cannot say how far it has come; when it takes them again, money has come in. */
const forgetful = Layer.effect(
  ProjectionStore,
  Effect.gen(function*() {
    const store = yield* ProjectionStore
    const context = yield* Effect.context<EventStore.EventStore>()
    const deposit = Effect.provideContext(Account.execute("ann", { _tag: "Credit", cents: 500 }), context)
    let hasForgotten = false
    const commit: typeof store.commit = (partition, move) => (work) =>
      Effect.suspend(() => {
        if (hasForgotten || move.events === 0 || partition.name !== "Transfers outbox") {
          return store.commit(partition, move)(work)
        }
        hasForgotten = true
        const away = new EventStoreError({ reason: new Unavailable({ message: "it is away", cause: undefined }) })
        return Effect.andThen(Effect.orDie(deposit), Effect.fail(away))
      })
    return { ...store, commit }
  })
)

it.live("a debit that was refused is not made when the money is there, later", () =>
  Effect.gen(function*() {
    yield* Account.execute("ann", { _tag: "Open", owner: "Ann" })
    yield* Account.execute("bob", { _tag: "Open", owner: "Bob" })
    yield* Transfer.execute("rent", { _tag: "Request", from: "ann", to: "bob", cents: 400 })
    // one more, to know that all of the first has come to its end
    yield* EventStore.subscribe([Transfer], { types: ["TransferDeclined"] }).pipe(Stream.take(1), Stream.runDrain)
    yield* Transfer.execute("after", { _tag: "Request", from: "ann", to: "nobody", cents: 100 })
    yield* EventStore.subscribe([Transfer], { types: ["TransferCompensated"] }).pipe(Stream.take(1), Stream.runDrain)
    const { ended, problems } = audit(yield* Stream.runCollect(EventStore.readAll([Account, Transfer])), [
      { id: "rent", from: "ann", to: "bob", cents: 400 },
      { id: "after", from: "ann", to: "nobody", cents: 100 }
    ])
    assert.deepStrictEqual(problems, [])
    assert.deepStrictEqual(ended, { completed: 0, declined: 1, compensated: 1 })
  }).pipe(
    Effect.provide(
      Reactor.layer(Transfers, { effects: {} }).pipe(
        Layer.provide(forgetful),
        Layer.provideMerge(MemoryEventStore.layer)
      )
    )
  ))
