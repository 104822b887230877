import { assert, layer } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import * as EventStore from "refold/EventStore"
import { type Process, startProcess, store } from "./fixtures/database.ts"
import { credited, freshId, makeAccount } from "./fixtures/domain.ts"

const rounds = 15
const writers = 12

class Undone extends Data.TaggedError("Undone")<{}> {}

type Account = ReturnType<typeof makeAccount>

/** Appends the number to some of the streams, in random order; the last of four is only checked. */
const appendSome = Effect.fnUntraced(function*(account: Account, ids: ReadonlyArray<string>, number: number) {
  const chosen = (yield* Random.shuffle(ids)).slice(0, yield* Random.nextIntBetween(2, 4))
  const isStrict = yield* Random.nextBoolean
  const appends = yield* Effect.forEach(
    chosen,
    (id, index) =>
      Effect.map(
        EventStore.EventStore.use((store) => store.version(account, id)),
        (version) =>
          EventStore.appendTo(account, id, index === 3 ? [] : [credited(number), credited(number)], {
            condition: isStrict ? AppendCondition.at(version) : AppendCondition.onlySince(version, ["Credited"])
          })
      )
  )
  const placed = yield* EventStore.appendAll(appends)
  for (const [index, { condition }] of appends.entries()) {
    const { events, missed, version } = placed[index]!
    const known = AppendCondition.knownVersion(condition!)!
    assert.strictEqual(version, known + missed.length + events.length)
    if (isStrict) assert.deepStrictEqual(missed, [])
  }
  return placed.flatMap(({ events }) => events)
})

/** Once or twice, alone or in a transaction, which may be undone. The error is that of a condition, or of who undid it. */
const writeOnce = Effect.fnUntraced(function*(account: Account, ids: ReadonlyArray<string>, number: number) {
  const once = appendSome(account, ids, number)
  const kind = number % 4
  if (kind < 2) return yield* once
  const sql = yield* SqlClient.SqlClient
  return yield* sql.withTransaction(Effect.gen(function*() {
    const both = [...yield* once, ...yield* once]
    return yield* kind === 2 ? Effect.succeed(both) : new Undone()
  }))
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("three processes", (it) => {
  it.effect("that append to several streams at once, in and outside of transactions, make a serial history without a deadlock", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const account = makeAccount(`Account-${freshId()}`)
      const ids = Array.from({ length: 6 }, (_, index) => `${index}`)
      const processes: ReadonlyArray<Process> = yield* Effect.forEach(Array.from({ length: 3 }), () => startProcess())
      const subscriber = yield* store.subscribe([account]).pipe(
        Stream.takeUntil(({ stream }) => stream.id === "last"),
        Stream.runCollect,
        Effect.forkChild
      )
      const outcomes = yield* Effect.forEach(
        Array.from({ length: writers }, (_, writer) => writer),
        (writer) =>
          Effect.forEach(
            Array.from({ length: rounds }, (_, round) => round * writers + writer),
            (number) =>
              writeOnce(account, ids, number).pipe(
                Effect.map((events) => ({ number, events })),
                Effect.catchTags({
                  AppendConditionsFailed: () => Effect.succeed({ number, events: undefined }),
                  Undone: () => Effect.succeed({ number, events: undefined })
                }),
                processes[writer % 3]!.run
              )
          ),
        { concurrency: "unbounded" }
      )
      yield* store.append(account, "last", [credited(0)])
      const log = (yield* Fiber.join(subscriber)).slice(0, -1)

      const happened = outcomes.flat().flatMap(({ events }) => events === undefined ? [] : [events])
      assert.isAtLeast(happened.length, writers)
      assert.isBelow(happened.length, writers * rounds)
      const acknowledged = happened.flat().toSorted((a, b) => a.position - b.position)
      assert.deepStrictEqual(
        log.map(({ event, position, stream, version }) => [position, stream.id, version, event.cents]),
        acknowledged.map(({ event, position, stream, version }) => [position, stream.id, version, event.cents])
      )
      const turns = log.map(({ event }) => event.cents).filter((number, index, all) => number !== all[index - 1])
      assert.strictEqual(turns.length, new Set(turns).size, "what happens together stands together in the log")
      for (const id of ids) {
        const versions = log.filter(({ stream }) => stream.id === id).map(({ version }) => version)
        assert.deepStrictEqual(versions, versions.map((_, index) => index + 1))
      }
    }))
})
