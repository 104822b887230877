/** Who takes a step and is refused may be gone before it can say so, and others may take it with success. */
import { assert, it } from "@effect/vitest"
import { Account } from "@refold/example-bank/Account"
import { Transfer } from "@refold/example-bank/Transfer"
import { Transfers } from "@refold/example-bank/Transfers"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import { EventStoreError, Unavailable } from "refold/EventStoreError"
import * as MemoryEventStore from "refold/MemoryEventStore"
import * as Projection from "refold/Projection"
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

it.live("a debit that was refused, and is tried again when the money is there, is made or not, and not both", () =>
  Effect.gen(function*() {
    yield* Account.execute("ann", { _tag: "Open", owner: "Ann" })
    yield* Account.execute("bob", { _tag: "Open", owner: "Bob" })
    yield* Transfer.execute("rent", { _tag: "Request", from: "ann", to: "bob", cents: 400 })
    yield* EventStore.subscribe([Transfer]).pipe(Stream.take(2), Stream.runDrain)
    // one more, to know that all of the first has come to its end
    yield* Transfer.execute("after", { _tag: "Request", from: "ann", to: "nobody", cents: 100 })
    yield* EventStore.subscribe([Transfer], { types: ["TransferCompensated"] }).pipe(Stream.take(1), Stream.runDrain)
    const { ended, problems } = audit(yield* Stream.runCollect(EventStore.readAll([Account, Transfer])), [
      { id: "rent", from: "ann", to: "bob", cents: 400 },
      { id: "after", from: "ann", to: "nobody", cents: 100 }
    ])
    assert.deepStrictEqual(problems, [])
    assert.strictEqual(ended["compensated"], 1)
  }).pipe(
    Effect.provide(
      Reactor.layer(Transfers).pipe(
        Layer.provide(forgetful),
        Layer.provideMerge(MemoryEventStore.layer)
      )
    )
  ))

it.live("a worker that was replaced while it took a step cannot say any more that it was refused", () =>
  Effect.gen(function*() {
    const store = yield* EventStore.EventStore
    const projections = yield* ProjectionStore
    const stalled = yield* Deferred.make<void>()
    const replaced = yield* Deferred.make<void>()
    const wentOn = yield* Deferred.make<void>()
    let looked = 0
    /** Having been refused, it looks a last time whether the step was taken, stands still, and goes on when it was. */
    const stallingStore: typeof store = {
      ...store,
      find: (source, id, eventId) =>
        Effect.tap(
          store.find(source, id, eventId),
          () =>
            source.category === "Account" && id === "ann" && ++looked === 3
              ? Effect.andThen(Deferred.succeed(stalled, undefined), Deferred.await(replaced))
              : Effect.void
        )
    }
    const stallingProjections: typeof projections = {
      ...projections,
      claim: (projection, options) =>
        Effect.flatMap(
          Deferred.isDone(stalled),
          (isStalled) => isStalled ? Effect.never : projections.claim(projection, options)
        ),
      commit: (partition, move) => (work) =>
        Effect.ensuring(
          projections.commit(partition, move)(work),
          Effect.flatMap(Deferred.isDone(replaced), (isReplaced) =>
            isReplaced && partition.name === "Transfers outbox" ? Deferred.succeed(wentOn, undefined) : Effect.void)
        )
    }
    yield* Account.execute("ann", { _tag: "Open", owner: "Ann" })
    yield* Account.execute("bob", { _tag: "Open", owner: "Bob" })
    const worker = Reactor.run(Transfers, { lease: "300 millis" })
    yield* worker.pipe(
      Effect.provideService(EventStore.EventStore, stallingStore),
      Effect.provideService(ProjectionStore, stallingProjections),
      Effect.forkScoped
    )
    yield* Transfer.execute("rent", { _tag: "Request", from: "ann", to: "bob", cents: 400 })
    yield* Deferred.await(stalled)
    yield* Account.execute("ann", { _tag: "Credit", cents: 500 })
    /** Those who have replaced it leave it the time to say what it thinks. */
    const patientStore: typeof store = {
      ...store,
      append: (source, id, events, options) =>
        Effect.andThen(
          source.category === "Account" && id === "bob" ? Deferred.await(wentOn) : Effect.void,
          store.append(source, id, events, options)
        )
    }
    yield* worker.pipe(Effect.provideService(EventStore.EventStore, patientStore), Effect.forkScoped)
    yield* store.subscribe([Account], { types: ["Debited"] }).pipe(Stream.take(1), Stream.runDrain)
    yield* Deferred.succeed(replaced, undefined)
    yield* Deferred.await(wentOn)
    yield* store.subscribe([Transfer]).pipe(Stream.take(2), Stream.runDrain)
    for (const name of ["Transfers", "Transfers outbox", "Transfers", "Transfers outbox"]) {
      yield* Projection.whenCaughtUp({ name, version: 1 })
    }
    const { problems } = audit(yield* Stream.runCollect(store.readAll([Account, Transfer])), [
      { id: "rent", from: "ann", to: "bob", cents: 400 }
    ])
    assert.deepStrictEqual(problems, [])
  }).pipe(Effect.scoped, Effect.provide(MemoryEventStore.layer)))
