/** How many in a process may wait for answers of an inbox, and what that costs. */
import { assert, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { EventStore, Inbox, MemoryEventStore } from "refold"
import { EventStoreError, Unavailable } from "refold/EventStoreError"
import { makeAccount } from "../postgres/fixtures/domain.ts"

const account = makeAccount("Account")
const commands = Inbox.make("Commands", [account])

const credit = (commandId: string, id = "ann") =>
  Inbox.execute(commands, account, id, { _tag: "Credit", cents: 1 }, { commandId })

const running = Layer.build(Inbox.layer(commands))

/** The store, counting who listens to answers, now and altogether. */
const listenedTo = (store: EventStore.EventStore["Service"]) => {
  const listeners = { now: 0, ever: 0 }
  const counting: typeof store = {
    ...store,
    subscribe: (sources, options) =>
      Stream.unwrap(Effect.sync(() => {
        listeners.now++
        listeners.ever++
        return Stream.ensuring(
          store.subscribe(sources, options),
          Effect.sync(() => {
            listeners.now--
          })
        )
      }))
  }
  return { counting, listeners }
}

it.effect("however many wait in a process, one listens; and nobody once all have been told", () =>
  Effect.gen(function*() {
    const { counting, listeners } = listenedTo(yield* EventStore.EventStore)
    const all = Effect.forEach(
      Array.from({ length: 50 }, (_, index) => index),
      (index) => credit(`${index}`, `${index % 7}`),
      { concurrency: "unbounded" }
    ).pipe(Effect.provideService(EventStore.EventStore, counting))
    const waiting = yield* Effect.forkChild(all, { startImmediately: true })
    yield* running
    const outcomes = yield* Fiber.join(waiting)
    assert.deepStrictEqual([...new Set(outcomes.map(({ _tag }) => _tag))], ["Appended"])
    assert.deepStrictEqual(listeners, { now: 0, ever: 1 })
    // asked again, all is there
    assert.deepStrictEqual(yield* all, outcomes)
    assert.strictEqual(listeners.now, 0)
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("who leaves first does not take the answers of the others along", () =>
  Effect.gen(function*() {
    const { counting, listeners } = listenedTo(yield* EventStore.EventStore)
    const wait = (commandId: string) =>
      Effect.forkChild(Effect.provideService(credit(commandId), EventStore.EventStore, counting))
    const first = yield* wait("1")
    yield* Effect.yieldNow.pipe(Effect.repeat({ until: () => listeners.now === 1 }))
    const second = yield* wait("2")
    const third = yield* wait("2")
    const submitted = Stream.runCollect(EventStore.readAll([commands.entries]))
    yield* Effect.repeat(submitted, { until: ({ length }) => length === 2 })
    yield* Fiber.interrupt(first)
    yield* running
    assert.strictEqual((yield* Fiber.join(second))._tag, "Appended")
    assert.deepStrictEqual(yield* Fiber.join(third), yield* Fiber.join(second))
    assert.deepStrictEqual(listeners, { now: 0, ever: 1 })
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("if it cannot be listened, all who wait are told, and whoever asks again is answered", () =>
  Effect.gen(function*() {
    const store = yield* EventStore.EventStore
    const away = new EventStoreError({ reason: new Unavailable({ message: "gone", cause: undefined }) })
    const gone = yield* Deferred.make<never, EventStoreError>()
    let listened = 0
    const breaking: typeof store = {
      ...store,
      subscribe: (sources, options) =>
        listened++ === 0 ? Stream.fromEffect(Deferred.await(gone)) : store.subscribe(sources, options)
    }
    const wait = (commandId: string) => Effect.provideService(credit(commandId), EventStore.EventStore, breaking)
    const waiting = yield* Effect.forEach(["1", "2"], (id) => Effect.forkChild(Effect.flip(wait(id))))
    yield* Effect.yieldNow.pipe(Effect.repeat({ until: () => listened === 1 }))
    yield* Deferred.fail(gone, away)
    for (const fiber of waiting) assert.strictEqual(yield* Fiber.join(fiber), away)
    yield* running
    assert.strictEqual((yield* wait("1"))._tag, "Appended")
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("an answer that is in the log before somebody began to listen is found in the stream", () =>
  Effect.gen(function*() {
    const store = yield* EventStore.EventStore
    const written = yield* Deferred.make<void>()
    const told = yield* Deferred.make<void>()
    /** The first who submits is told late, when the second has begun to listen. */
    const late: typeof store = {
      ...store,
      append: (source, id, events, options) =>
        source.category === "Commands" && id === "slow"
          ? Effect.tap(
            store.append(source, id, events, options),
            () => Effect.andThen(Deferred.succeed(written, undefined), Deferred.await(told))
          )
          : store.append(source, id, events, options)
    }
    const wait = (id: string) =>
      Effect.forkChild(Effect.provideService(credit("1", id), EventStore.EventStore, late), { startImmediately: true })
    const slow = yield* wait("slow")
    yield* Deferred.await(written)
    yield* running
    yield* credit("2", "slow")
    // it begins after the answer to the first
    yield* Fiber.join(yield* wait("quick"))
    yield* Deferred.succeed(told, undefined)
    assert.strictEqual((yield* Fiber.join(slow))._tag, "Appended")
  }).pipe(Effect.provide(MemoryEventStore.layer)))
