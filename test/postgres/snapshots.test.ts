import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import * as Aggregate from "refold/Aggregate"
import { openTransaction, store, until } from "./fixtures/database.ts"
import { freshId } from "./fixtures/domain.ts"

/** With a snapshot at every tenth event; every call is as good as another process. */
const makeCounter = () =>
  Aggregate.make("Counter", {
    command: Schema.TaggedUnion({ Count: { times: Schema.Int } }),
    event: Schema.TaggedUnion({ Counted: {} }),
    state: Schema.Struct({ count: Schema.Int }),
    initial: { count: 0 },
    decide: ({ times }) => Array.from({ length: times }, () => ({ _tag: "Counted" as const })),
    evolve: ({ count }) => ({ count: count + 1 }),
    conflicts: "commutes",
    snapshots: { every: 10, version: 1 }
  })

const counter = makeCounter()
const count = (times: number) => ({ _tag: "Count" as const, times })

/** A counter that another process has brought to 15, with a snapshot at 12. */
const createCounter = Effect.gen(function*() {
  const id = freshId()
  const elsewhere = makeCounter()
  yield* elsewhere.execute(id, count(12))
  yield* elsewhere.execute(id, count(3))
  return id
})

const snapshotsOf = (id: string) =>
  SqlClient.SqlClient.use((sql) =>
    Effect.map(
      sql<{ readonly version: bigint; readonly state: unknown }>`
        select version, state from refold.snapshots where stream_id = ${id}`,
      (rows) => rows.map(({ state, version }) => ({ state, version: Number(version) }))
    )
  )

const spoil = (id: string, set: string) =>
  SqlClient.SqlClient.use((sql) => sql.unsafe(`update refold.snapshots set ${set} where stream_id = $1`, [id]))

const rewrite = (statement: string) =>
  SqlClient.SqlClient.use((sql) =>
    sql.withTransaction(Effect.andThen(sql`set local refold.allow_rewriting = 'on'`, sql.unsafe(statement)))
  )

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("a snapshot in the database", (it) => {
  it.effect("is one row per stream, as JSON, and takes the place of the one before", () =>
    Effect.gen(function*() {
      const id = yield* createCounter
      assert.deepStrictEqual(yield* snapshotsOf(id), [{ version: 12, state: { count: 12 } }])
      yield* counter.execute(id, count(5))
      assert.deepStrictEqual(yield* snapshotsOf(id), [{ version: 20, state: { count: 20 } }])
    }))

  it.effect("is what a stream is loaded from", () =>
    Effect.gen(function*() {
      const id = yield* createCounter
      yield* spoil(id, `state = '{"count": 1000}'`)
      assert.deepStrictEqual((yield* makeCounter().load(id)).state, { count: 1003 })
      assert.deepStrictEqual((yield* makeCounter().load(id, { version: 11 })).state, { count: 11 })
    }))

  for (
    const [what, set] of Object.entries({
      "whose state is null": `state = 'null'`,
      "whose state is of another shape": `state = '[12]'`,
      "whose state lacks a field": `state = '{}'`,
      "that is ahead of its stream": `version = 100`,
      "whose event stands elsewhere": `state = '{"count": 1000}', position = position + 1000000`
    })
  ) {
    it.effect(`${what} is ignored, and replaced when the next one is due`, () =>
      Effect.gen(function*() {
        const id = yield* createCounter
        yield* spoil(id, set)
        const loaded = yield* makeCounter().load(id)
        assert.deepStrictEqual([loaded.state, loaded.version], [{ count: 15 }, 15])
        assert.strictEqual((yield* makeCounter().execute(id, count(10))).version, 25)
        assert.deepStrictEqual(yield* snapshotsOf(id), [{ version: 25, state: { count: 25 } }])
      }))
  }

  it.effect("is not saved in a transaction, which may be rolled back, but by the first command after it", () =>
    Effect.gen(function*() {
      const id = freshId()
      const transaction = yield* openTransaction
      const inside = yield* transaction.run(Effect.andThen(counter.execute(id, count(12)), snapshotsOf(id)))
      yield* transaction.commit
      assert.deepStrictEqual([inside, yield* snapshotsOf(id)], [[], []])
      yield* counter.execute(id, count(1))
      assert.deepStrictEqual(yield* snapshotsOf(id), [{ version: 13, state: { count: 13 } }])
    }))

  it.effect("serves a transaction, and what that adds is not remembered when it is rolled back", () =>
    Effect.gen(function*() {
      const id = yield* createCounter
      yield* spoil(id, `state = '{"count": 1000}'`)
      const transaction = yield* openTransaction
      const inside = yield* transaction.run(Effect.andThen(counter.execute(id, count(10)), counter.load(id)))
      yield* transaction.rollback
      assert.deepStrictEqual([inside.state, inside.version], [{ count: 1013 }, 25])
      assert.deepStrictEqual((yield* snapshotsOf(id)).map(({ version }) => version), [12])
      yield* spoil(id, `state = '{"count": 12}'`)
      yield* makeCounter().execute(id, count(12))
      const outside = yield* counter.load(id)
      assert.deepStrictEqual([outside.state, outside.version], [{ count: 27 }, 27])
    }))

  it.effect("that somebody has locked keeps a command waiting for a second and no longer", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const id = yield* createCounter
      const transaction = yield* openTransaction
      yield* transaction.run(sql`select from refold.snapshots where stream_id = ${id} for update`)
      const { version } = yield* Effect.provide(counter.execute(id, count(5)), Logger.layer([]))
      assert.strictEqual(version, 20)
      yield* transaction.rollback
      assert.deepStrictEqual((yield* snapshotsOf(id)).map(({ version }) => version), [12])
    }))

  it.effect("while it is being saved, keeps no other command from its turn", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const id = yield* createCounter
      const transaction = yield* openTransaction
      yield* transaction.run(sql`select from refold.snapshots where stream_id = ${id} for update`)
      const saving = yield* Effect.forkChild(counter.execute(id, count(5)))
      yield* until("it has landed", Effect.map(makeCounter().load(id), ({ version }) => version === 20))
      assert.strictEqual((yield* counter.execute(id, count(1))).version, 21)
      yield* transaction.rollback
      assert.strictEqual((yield* Fiber.join(saving)).version, 20)
    }))

  it.effect("goes when an event of its stream is rewritten on purpose, and no other does", () =>
    Effect.gen(function*() {
      const id = yield* createCounter
      const other = yield* createCounter
      yield* rewrite(`update refold.events set metadata = '{}' where stream_id = '${id}' and version = 3`)
      assert.deepStrictEqual([(yield* snapshotsOf(id)).length, (yield* snapshotsOf(other)).length], [0, 1])
      yield* rewrite(`delete from refold.events where stream_id = '${other}' and version > 5`)
      assert.deepStrictEqual(yield* snapshotsOf(other), [])
      assert.strictEqual((yield* makeCounter().load(other)).version, 5)
    }))

  it.effect("goes with all others when all events are deleted on purpose", () =>
    Effect.gen(function*() {
      const id = yield* createCounter
      yield* rewrite("truncate refold.events")
      assert.deepStrictEqual(yield* snapshotsOf(id), [])
    }))

  it.effect("of a stream that has become shorter than what a process remembers is not trusted, nor is what it remembers", () =>
    Effect.gen(function*() {
      const id = yield* createCounter
      assert.strictEqual((yield* counter.load(id)).version, 15)
      yield* rewrite(`delete from refold.events where stream_id = '${id}' and version > 4`)
      assert.deepStrictEqual((yield* counter.load(id)).state, { count: 4 })
      assert.strictEqual((yield* counter.execute(id, count(1))).version, 5)
      assert.deepStrictEqual((yield* counter.load(id)).state, { count: 5 })
    }))
})
