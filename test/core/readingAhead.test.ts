/** Which pages of the log are asked for, and when. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Aggregate, EventStore } from "refold"
import type { LogBatch } from "refold/EventSource"
import type { EventStoreDriver, LogPage } from "refold/EventStoreDriver"
import type { EventStoreError } from "refold/EventStoreError"

const Tally = Aggregate.make("Tally", {
  command: Schema.TaggedUnion({ Tell: {} }),
  event: Schema.TaggedUnion({ Told: { count: Schema.Int } }),
  state: Schema.Int,
  initial: 0,
  decide: () => [],
  evolve: (state) => state,
  conflicts: "commutes"
})

/** Ten events, of which those at `unreadable` have nothing in them. */
const page = ({ after, limit }: { readonly after: number; readonly limit: number }, unreadable?: number): LogPage => ({
  end: 10,
  size: 0,
  events: Array.from({ length: Math.min(limit, 10 - after) }, (_, index) => ({
    stream: { tenant: "default", category: "Tally", id: "1" },
    version: after + index + 1,
    position: after + index + 1,
    id: crypto.randomUUID(),
    type: "Told",
    schemaVersion: 1,
    data: after + index + 1 === unreadable ? {} : { count: 1 },
    metadata: {},
    recordedAt: DateTime.makeUnsafe(0)
  }))
})

const notHere = Effect.die("not asked for here")

/** A store that has nothing but a log, and the places after which that was asked for pages. */
const logged = (
  readLog: (request: { readonly after: number; readonly limit: number }) => Effect.Effect<LogPage, EventStoreError>,
  { inTransaction = false } = {}
) => {
  const asked: Array<number> = []
  const driver: EventStoreDriver = {
    append: () => notHere,
    readStream: () => notHere,
    readFromSnapshot: () => notHere,
    findEvents: () => notHere,
    discard: () => notHere,
    writeSnapshot: () => notHere,
    readLog: (request) =>
      Effect.suspend(() => {
        asked.push(request.after)
        return readLog(request)
      }),
    watch: notHere,
    inTransaction: Effect.succeed(inTransaction),
    acquireLease: () => notHere,
    releaseLease: () => notHere
  }
  const batches = EventStore.make(driver).batches([Tally], { follow: false, pageSize: 3 })
  /** What had been asked for when each batch was handled. */
  const handled = batches.pipe(Stream.map(() => [...asked]), Stream.runCollect)
  return { asked, batches, driver, handled }
}

describe("a reader of the log", () => {
  it.effect("has the next page under way while it handles one, from the second on", () =>
    Effect.gen(function*() {
      const { handled } = logged((request) => Effect.succeed(page(request)))
      assert.deepStrictEqual(yield* handled, [[0], [0, 3, 6], [0, 3, 6, 9], [0, 3, 6, 9]])
    }))

  it.effect("has it under way before it decodes the one in hand, by a client that sends when its caller rests", () =>
    Effect.gen(function*() {
      const done: Array<string> = []
      const sentLater = (request: { readonly after: number; readonly limit: number }) =>
        Effect.callback<LogPage>((resume) => {
          queueMicrotask(() => {
            done.push(`sent ${request.after}`)
            resume(Effect.succeed(page(request)))
          })
        })
      const source = {
        category: Tally.category,
        codec: {
          ...Tally.codec,
          decode: (type: string, version: number, data: unknown) => {
            done.push("decoded")
            return Tally.codec.decode(type, version, data)
          }
        }
      }
      const { driver } = logged(sentLater)
      yield* Stream.runDrain(EventStore.make(driver).batches([source], { follow: false, pageSize: 3 }))
      assert.deepStrictEqual(done.slice(4, 9), ["sent 3", "sent 6", "decoded", "decoded", "decoded"])
    }))

  it.effect("asks for a page only when it wants it inside a transaction", () =>
    Effect.gen(function*() {
      const { handled } = logged((request) => Effect.succeed(page(request)), { inTransaction: true })
      assert.deepStrictEqual(yield* handled, [[0], [0, 3], [0, 3, 6], [0, 3, 6, 9]])
    }))

  it.effect("comes to an event that cannot be read after all those before it", () =>
    Effect.gen(function*() {
      const { batches } = logged((request) => Effect.succeed(page(request, 6)))
      const ends: Array<number> = []
      const error = yield* Effect.flip(
        Stream.runForEach(batches, ({ end }) => Effect.sync(() => ends.push(end)))
      )
      assert.deepStrictEqual(ends, [3, 5])
      assert.strictEqual(error.reason._tag === "UnreadableEvent" && error.reason.position, 6)
    }))

  /** The ends of batches, and what the last event of each is. */
  const put = (batches: Stream.Stream<LogBatch<{ readonly _tag: string }>, EventStoreError>) =>
    Stream.runCollect(Stream.map(batches, ({ end, events }) => [events[events.length - 1]?.position, end]))

  it.effect("puts full pages together, up to a number of events", () =>
    Effect.gen(function*() {
      const { driver } = logged((request) => Effect.succeed(page(request)))
      const { batches } = EventStore.make(driver)
      const of = (batchSize: number) => put(batches([Tally], { follow: false, pageSize: 2, batchSize }))
      assert.deepStrictEqual(yield* of(1), [...Array.from({ length: 10 }, (_, n) => [n + 1, n + 1]), [undefined, 10]])
      assert.deepStrictEqual(yield* of(4), [[4, 4], [8, 8], [10, 10]])
      assert.deepStrictEqual(yield* of(5), [[5, 5], [10, 10], [undefined, 10]])
      assert.deepStrictEqual(yield* of(100), [[10, 10]])
      assert.deepStrictEqual(yield* put(batches([Tally], { follow: false, pageSize: 2, batchSize: 4, upTo: 6 })), [
        [4, 4],
        [6, 6],
        [undefined, 6]
      ])
    }))

  it.effect("has a whole batch under way while it handles a full one, from the second on", () =>
    Effect.gen(function*() {
      const { asked, driver } = logged((request) => Effect.succeed(page(request)))
      const batches = EventStore.make(driver).batches([Tally], { follow: false, pageSize: 1, batchSize: 2 })
      const whileHandled: Array<number> = []
      yield* Stream.runForEach(
        Stream.take(batches, 3),
        Effect.fnUntraced(function*() {
          for (let turn = 0; turn < 20; turn++) yield* Effect.yieldNow
          whileHandled.push(asked.length)
        })
      )
      // both pages of the next batch, and the first one after that
      assert.deepStrictEqual(whileHandled, [3, 7, 9])
    }))

  it.effect("puts no pages together that have a lot in them", () =>
    Effect.gen(function*() {
      const { driver } = logged((request) => Effect.succeed({ ...page(request), size: 2_500_000 }))
      const batches = EventStore.make(driver).batches([Tally], { follow: false, pageSize: 2, batchSize: 100 })
      assert.deepStrictEqual(yield* put(batches), [[4, 4], [8, 8], [10, 10]])
    }))

  it.effect("asks for a few at first, and for as many as fit once it knows how large they are", () =>
    Effect.gen(function*() {
      const asked: Array<number> = []
      const perEvent = [10, 1_000_000, 10_000_000, 20_000]
      const { driver } = logged(({ after, limit }) =>
        Effect.sync(() => {
          const size = perEvent[asked.length] ?? 10
          asked.push(limit)
          const { events } = page({ after: 0, limit: 1 })
          const all = Array.from({ length: limit }, (_, n) => ({ ...events[0]!, position: after + n + 1 }))
          return { end: 10_000, events: all, size: limit * size }
        })
      )
      yield* EventStore.make(driver).batches([Tally], { follow: false }).pipe(Stream.take(6), Stream.runDrain)
      assert.deepStrictEqual(asked.slice(0, 7), [100, 900, 4, 1, 200, 799, 1_000])
    }))

  it.effect("hands over the pages before an event that cannot be read, which fails what comes then", () =>
    Effect.gen(function*() {
      for (const unreadable of [5, 6]) {
        const { driver } = logged((request) => Effect.succeed(page(request, unreadable)))
        const ends: Array<number> = []
        const error = yield* EventStore.make(driver).batches([Tally], { follow: false, pageSize: 2, batchSize: 100 })
          .pipe(
            Stream.runForEach(({ end }) => Effect.sync(() => ends.push(end))),
            Effect.flip
          )
        assert.deepStrictEqual(ends, [unreadable - 1])
        assert.strictEqual(error.reason._tag === "UnreadableEvent" && error.reason.position, unreadable)
      }
    }))

  it.effect("leaves nothing under way when it stops", () =>
    Effect.gen(function*() {
      let interrupted = false
      const never = Effect.onInterrupt(Effect.never, () =>
        Effect.sync(() => {
          interrupted = true
        }))
      const { asked, batches } = logged((request) => request.after === 6 ? never : Effect.succeed(page(request)))
      yield* batches.pipe(Stream.take(2), Stream.runDrain)
      assert.deepStrictEqual(asked, [0, 3, 6])
      assert.isTrue(interrupted)
    }))
})
