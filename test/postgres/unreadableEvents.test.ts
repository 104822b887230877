import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import { store } from "./fixtures/database.ts"
import { changeName, close, create, freshId, makeLead } from "./fixtures/domain.ts"

const lead = makeLead()

/** A lead of another process whose second event is no longer as it was written: `set` says how. Returns its id and that event's position. */
const corrupt = Effect.fnUntraced(function*(set: string, aggregate: typeof lead = makeLead()) {
  const sql = yield* SqlClient.SqlClient
  const id = freshId()
  yield* aggregate.execute(id, create)
  const { position } = yield* aggregate.execute(id, changeName("Bea"))
  yield* aggregate.execute(id, changeName("Cy"))
  const update = sql.unsafe(`update refold.events set ${set} where stream_id = $1 and version = 2`, [id])
  yield* sql.withTransaction(Effect.andThen(sql`set local refold.allow_rewriting = 'on'`, update))
  return { id, position }
})

const unreadable = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(self), (error) => {
    assert.instanceOf(error, EventStoreError)
    assert.isFalse(error.isRetryable)
    const { reason } = error
    return reason._tag === "UnreadableEvent" ? reason : assert.fail(reason.message)
  })

const problems = {
  "data that lacks a field": [`data = '{}'`, /Missing key\s+at \["name"\]/],
  "data of another type": [`data = '{"name": 5}'`, /Expected string\s+at \["name"\]/],
  "data that is not an object": [`data = '[1, 2]'`, /Missing key\s+at \["name"\]/],
  "data that is null": [`data = 'null'`, /Missing key\s+at \["name"\]/],
  "a schema version from the future": [`schema_version = 2`, /schema version 2 of "NameChanged" is unknown/],
  "metadata of another type": [`metadata = '{"actor": 5}'`, /its metadata: Expected string\s+at \["actor"\]/],
  "metadata that is not an object": [`metadata = '"garbage"'`, /its metadata: Expected object/],
  "metadata that is null": [`metadata = 'null'`, /its metadata: Expected object/]
} as const

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("an event in the database", (it) => {
  for (const [what, [set, complaint]] of Object.entries(problems)) {
    it.effect(`with ${what} is named, with its place and what is wrong with it`, () =>
      Effect.gen(function*() {
        const { id, position } = yield* corrupt(set)
        const error = yield* unreadable(lead.load(id))
        assert.deepStrictEqual(
          [error.stream, error.version, error.position, error.type],
          [{ tenant: "default", category: "Lead", id }, 2, position, "NameChanged"]
        )
        assert.match(error.problem, complaint)
        assert.include(error.message, `Lead-${id}, version 2 (position ${position}): NameChanged cannot be read: `)
      }))
  }

  it.effect("that cannot be read fails the commands on its stream, which append nothing", () =>
    Effect.gen(function*() {
      const { id } = yield* corrupt(`data = '{}'`)
      yield* unreadable(lead.execute(id, changeName("Dee")))
      const store = yield* EventStore
      assert.strictEqual(yield* store.version(lead, id), 3)
    }))

  it.effect("that cannot be read is left out of what an accepted append had missed, and met by whoever comes next", () =>
    Effect.gen(function*() {
      const here = makeLead()
      const sql = yield* SqlClient.SqlClient
      const id = freshId()
      yield* here.execute(id, create)
      yield* makeLead().execute(id, changeName("Bea"))
      const update = sql`update refold.events set data = '{}' where stream_id = ${id} and version = 2`
      yield* sql.withTransaction(Effect.andThen(sql`set local refold.allow_rewriting = 'on'`, update))
      const appended = yield* here.execute(id, close, { seen: 1 })
      assert.deepStrictEqual([appended.version, appended.missed], [3, []])
      yield* unreadable(here.load(id))
      yield* unreadable(here.execute(id, changeName("Cy")))
    }))

  it.effect("that cannot be read does not affect other streams", () =>
    Effect.gen(function*() {
      yield* corrupt(`data = '{}'`)
      const id = freshId()
      yield* lead.execute(id, create)
      yield* lead.execute(id, changeName("Bea"))
      assert.strictEqual((yield* lead.load(id)).state.name, "Bea")
    }))

  it.effect("that cannot be read fails whoever reads the log where it stands, and can be stepped over", () =>
    Effect.gen(function*() {
      const lead = makeLead(`Lead-${freshId()}`)
      const { position } = yield* corrupt(`data = '{}'`, lead)
      const store = yield* EventStore
      const error = yield* unreadable(Stream.runCollect(store.readAll([lead])))
      assert.strictEqual(error.position, position)
      assert.strictEqual((yield* unreadable(Stream.runCollect(store.subscribe([lead])))).position, position)
      const rest = yield* Stream.runCollect(store.readAll([lead], { after: error.position }))
      assert.deepStrictEqual(rest.map(({ version }) => version), [3])
    }))
})
