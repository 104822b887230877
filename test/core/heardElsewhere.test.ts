import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Aggregate } from "refold/Aggregate"
import type { Types } from "refold/Decider"
import { EventStore } from "refold/EventStore"
import { EventStoreError, Unavailable } from "refold/EventStoreError"
import * as MemoryEventStore from "refold/MemoryEventStore"
import { makeAccount, makeLead } from "./programs.ts"

/**
 * Somebody who has seen, elsewhere, what this process has appended and not yet been told of, comes here with a command.
 * `ours` is that append, `theirs` what was appended elsewhere after it, and `here` what comes then.
 */
const afterTheAnswerWasLate = Effect.fnUntraced(function*<T extends Types, A, E, A2, E2>(
  make: () => Aggregate<T>,
  { here, ours, theirs, whileAway = {} }: {
    readonly ours: (aggregate: Aggregate<T>) => Effect.Effect<A, E, EventStore>
    readonly theirs: (aggregate: Aggregate<T>) => Effect.Effect<unknown, unknown, EventStore>
    readonly here: (aggregate: Aggregate<T>) => Effect.Effect<A2, E2, EventStore>
    readonly whileAway?: Partial<EventStore["Service"]>
  }
) {
  const store = yield* EventStore
  const landed = yield* Deferred.make<void>()
  const answered = yield* Deferred.make<void>()
  const late: typeof store = {
    ...store,
    ...whileAway,
    append: (source, id, events, options) =>
      Effect.tap(
        store.append(source, id, events, options),
        () => Effect.andThen(Deferred.succeed(landed, undefined), Deferred.await(answered))
      )
  }
  const aggregate = make()
  const first = yield* Effect.forkChild(Effect.provideService(ours(aggregate), EventStore, late))
  yield* Deferred.await(landed)
  yield* Effect.orDie(theirs(make()))
  const second = yield* Effect.forkChild(Effect.provideService(here(aggregate), EventStore, late), {
    startImmediately: true
  })
  yield* Deferred.succeed(answered, undefined)
  yield* Effect.orDie(Fiber.join(first))
  return yield* Fiber.join(second)
})

const credit = (cents: 50 | 100) => ({ _tag: "Credit", cents }) as const
const debit = (cents: 50 | 100) => ({ _tag: "Debit", cents }) as const
const close = { _tag: "ChangeStatus", status: "Closed" } as const
const rename = { _tag: "ChangeName", name: "Bea" } as const

describe("who knows from elsewhere what an append has done, whose answer is late here", () => {
  it.effect("is not told no because of what was before it", () =>
    Effect.gen(function*() {
      const { missed, version } = yield* afterTheAnswerWasLate(makeAccount, {
        ours: (account) => account.execute("a", credit(100)),
        theirs: () => Effect.void,
        here: (account) => account.execute("a", debit(100))
      })
      assert.deepStrictEqual([missed.length, version], [1, 2])
    }).pipe(Effect.provide(MemoryEventStore.layer)))

  it.effect("… nor of what was before others came after it", () =>
    Effect.gen(function*() {
      const { missed, version } = yield* afterTheAnswerWasLate(makeAccount, {
        ours: (account) => account.execute("a", credit(50)),
        theirs: (account) => account.execute("a", credit(50)),
        here: (account) => account.execute("a", debit(100))
      })
      assert.deepStrictEqual([missed.length, version], [2, 3])
    }).pipe(Effect.provide(MemoryEventStore.layer)))

  it.effect("… nor when it is decided again", () =>
    Effect.gen(function*() {
      yield* makeAccount().execute("a", credit(100))
      const { missed, version } = yield* afterTheAnswerWasLate(makeAccount, {
        ours: (account) => account.execute("a", debit(100)),
        theirs: (account) => account.execute("a", credit(100)),
        here: (account) => account.execute("a", debit(100))
      })
      assert.deepStrictEqual([missed.length, version], [2, 4])
    }).pipe(Effect.provide(MemoryEventStore.layer)))

  it.effect("is told of a conflict with all that is there", () =>
    Effect.gen(function*() {
      yield* makeLead().execute("a", { _tag: "Initialize", name: "Ann" })
      const conflict = yield* Effect.flip(afterTheAnswerWasLate(makeLead, {
        ours: (lead) => lead.execute("a", close),
        theirs: (lead) => lead.execute("a", rename),
        here: (lead) => lead.execute("a", { ...close, status: "Open" }, { seen: 1 })
      }))
      assert.strictEqual(conflict._tag, "Conflict")
      if (conflict._tag === "Conflict") {
        assert.strictEqual(conflict.actual, 3)
        assert.deepStrictEqual(conflict.theirs.map(({ version }) => version), [2, 3])
      }
    }).pipe(Effect.provide(MemoryEventStore.layer)))

  it.effect("… or, if the store cannot be asked how far that goes, not at all", () =>
    Effect.gen(function*() {
      const away = new EventStoreError({ reason: new Unavailable({ message: "gone", cause: undefined }) })
      yield* makeLead().execute("a", { _tag: "Initialize", name: "Ann" })
      const error = yield* Effect.flip(afterTheAnswerWasLate(makeLead, {
        ours: (lead) => lead.execute("a", close),
        theirs: (lead) => lead.execute("a", rename),
        here: (lead) => lead.execute("a", { ...close, status: "Open" }, { seen: 1 }),
        whileAway: { read: () => Stream.fail(away) }
      }))
      assert.strictEqual(error, away)
      assert.strictEqual((yield* Effect.flip(makeLead().execute("a", close, { seen: 1 })))._tag, "Conflict")
    }).pipe(Effect.provide(MemoryEventStore.layer)))
})

it.effect("who knows from elsewhere what is not readable here is not told no because of what was before it", () =>
  Effect.gen(function*() {
    const store = yield* EventStore
    const [here, elsewhere] = [makeAccount(), makeAccount()]
    const sending = yield* Deferred.make<void>()
    const sent = yield* Deferred.make<void>()
    const late: typeof store = {
      ...store,
      append: (source, id, events, options) =>
        Deferred.succeed(sending, undefined).pipe(
          Effect.andThen(Deferred.await(sent)),
          Effect.andThen(store.append(source, id, events, options)),
          // what cannot be read is not told
          Effect.map((appended) => ({ ...appended, missed: [] }))
        )
    }
    const first = yield* Effect.forkChild(Effect.provideService(here.execute("a", credit(50)), EventStore, late))
    yield* Deferred.await(sending)
    yield* elsewhere.execute("a", credit(100))
    const second = yield* Effect.forkChild(Effect.provideService(here.execute("a", debit(100)), EventStore, late), {
      startImmediately: true
    })
    yield* Deferred.succeed(sent, undefined)
    yield* Fiber.join(first)
    assert.strictEqual((yield* Fiber.join(second)).version, 3)
  }).pipe(Effect.provide(MemoryEventStore.layer)))
