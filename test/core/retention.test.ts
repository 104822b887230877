/** What is kept of the log of an inbox, under a clock that stands still until it is moved. */
import { assert, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { EventStore, Inbox, MemoryEventStore, Projection, Views } from "refold"
import { ProjectionStore } from "refold/ProjectionStore"
import { makeAccount } from "../postgres/fixtures/domain.ts"

const account = makeAccount("Account")
const commands = Inbox.make("Commands", [account])

const execute = (commandId: string, id = "ann") =>
  Inbox.execute(commands, account, id, { _tag: "Credit", cents: 1 }, { commandId })

/** Runs it, with leases that are not to be renewed all the time while the clock is moved by months. */
const runs = (retention?: Inbox.RunOptions["retention"]) =>
  Layer.build(Inbox.layer(commands, { lease: "100 days", retention }))

/** The commands in the log. */
const kept = Effect.map(Views.all(commands.log, { consistency: "current" }), (rows) => [...rows.keys()])

const events = Effect.map(
  Stream.runCollect(EventStore.readAll([commands.entries])),
  (all) => all.map(({ event }) => `${event._tag} ${event.commandId}`)
)

/** What runs beside the test takes its turns in real time, although the clock stands still. */
const comesTo = <E, R>(found: Effect.Effect<ReadonlyArray<string>, E, R>, expected: ReadonlyArray<string>) =>
  found.pipe(
    Effect.repeat({ until: (now) => Equal.equals(now, expected), times: 10_000 }),
    Effect.map((now) => assert.deepStrictEqual(now, expected))
  )

it.effect("a command goes when its time is over, and not before", () =>
  Effect.gen(function*() {
    yield* runs("90 days")
    yield* execute("1")
    yield* TestClock.adjust("30 days")
    yield* execute("2")
    yield* execute("3", "bob")
    yield* TestClock.adjust("59 days")
    yield* comesTo(kept, ["1", "2", "3"])
    yield* TestClock.adjust("1 day")
    yield* comesTo(kept, ["2", "3"])
    yield* comesTo(events, ["Submitted 2", "Answered 2", "Submitted 3", "Answered 3"])
    yield* TestClock.adjust("30 days")
    yield* comesTo(kept, [])
    // the last events of both, from which their versions go on
    yield* comesTo(events, ["Answered 2", "Answered 3"])
    yield* execute("4", "bob")
    yield* TestClock.adjust("91 days")
    yield* comesTo(events, ["Answered 2", "Answered 4"])
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("nothing goes where nobody says how long it is kept", () =>
  Effect.gen(function*() {
    yield* runs()
    yield* execute("1")
    yield* execute("2")
    yield* TestClock.adjust("400 days")
    yield* comesTo(kept, ["1", "2"])
    assert.strictEqual((yield* events).length, 4)
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("what was submitted again meanwhile stays, although the log has not heard of it", () =>
  Effect.gen(function*() {
    const store = yield* EventStore.EventStore
    const projections = yield* ProjectionStore
    yield* Effect.scoped(Effect.gen(function*() {
      yield* runs()
      yield* execute("1")
      yield* execute("2")
      yield* Projection.whenCaughtUp(commands.log)
    }))
    yield* TestClock.adjust("2 days")
    // one that dies between the events and their rows
    const interrupted: typeof projections = { ...projections, dropRows: () => Effect.never }
    yield* Effect.andThen(runs("1 day"), comesTo(events, ["Answered 2"])).pipe(
      Effect.provideService(ProjectionStore, interrupted),
      Effect.scoped
    )
    for (const commandId of ["1", "3"]) {
      yield* Inbox.submit(commands, account, "ann", { _tag: "Credit", cents: 1 }, { commandId })
    }
    // one that removes what its predecessor has left, and does not hear of anything new
    const still: typeof store = { ...store, batches: () => Stream.never }
    yield* Effect.andThen(runs("1 day"), comesTo(events, ["Submitted 1", "Submitted 3"])).pipe(
      Effect.provideService(EventStore.EventStore, still),
      Effect.scoped
    )
    yield* runs("1 day")
    yield* execute("3")
    yield* comesTo(kept, ["1", "3"])
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("what a worker may still have in hand does not lose its answer", () =>
  Effect.gen(function*() {
    const projections = yield* ProjectionStore
    const goOn = yield* Deferred.make<void>()
    let looks = 0
    // it answers, and does not come to move on for a long time
    const stalled: typeof projections = {
      ...projections,
      tenants: (projection) =>
        Effect.tap(projections.tenants(projection), () =>
          Effect.sync(() => {
            looks++
          })),
      commit: (partition, move) => (work) =>
        Effect.andThen(
          partition.name === commands.name ? Deferred.await(goOn) : Effect.void,
          projections.commit(partition, move)(work)
        )
    }
    for (const id of ["ann", "bob"]) {
      yield* Inbox.submit(commands, account, id, { _tag: "Credit", cents: 1 }, { commandId: id })
    }
    yield* Effect.gen(function*() {
      yield* runs("1 day")
      for (const id of ["ann", "bob"]) yield* execute(id, id)
      yield* Projection.whenCaughtUp(commands.log)
      yield* TestClock.adjust("2 days")
      const before = looks
      yield* TestClock.adjust("3 hours")
      yield* comesTo(Effect.sync(() => [looks > before + 1 ? "looked" : "did not look"]), ["looked"])
      assert.strictEqual((yield* events).length, 4)
      yield* Deferred.succeed(goOn, undefined)
      yield* Projection.whenCaughtUp({ name: commands.name, version: 1 })
      yield* TestClock.adjust("3 hours")
      yield* comesTo(kept, [])
    }).pipe(
      Effect.ensuring(Deferred.succeed(goOn, undefined)),
      Effect.provideService(ProjectionStore, stalled),
      Effect.scoped
    )
  }).pipe(Effect.provide(MemoryEventStore.layer)))

it.effect("an answer that had to stay goes with the command whose answer came after it", () =>
  Effect.gen(function*() {
    const store = yield* EventStore.EventStore
    const goOn = yield* Deferred.make<void>()
    let appends = 0
    // the second command takes its time
    const slow: typeof store = {
      ...store,
      append: (source, id, events, options) =>
        Effect.andThen(
          source.category === account.category && ++appends === 2 ? Deferred.await(goOn) : Effect.void,
          store.append(source, id, events, options)
        )
    }
    for (const commandId of ["1", "2"]) {
      yield* Inbox.submit(commands, account, "ann", { _tag: "Credit", cents: 1 }, { commandId })
    }
    const later = Effect.andThen(TestClock.adjust("1 hour"), events)
    yield* Effect.gen(function*() {
      yield* Layer.build(Inbox.layer(commands, { batchSize: 1, lease: "100 days", retention: "1 day" }))
      yield* comesTo(later, ["Submitted 2", "Answered 1"])
      yield* Deferred.succeed(goOn, undefined)
      yield* comesTo(later, ["Answered 2"])
    }).pipe(
      Effect.ensuring(Deferred.succeed(goOn, undefined)),
      Effect.provideService(EventStore.EventStore, slow),
      Effect.scoped
    )
  }).pipe(Effect.provide(MemoryEventStore.layer)))
