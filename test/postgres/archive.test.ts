import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, layer } from "@effect/vitest"
import { PgArchive, PgEventStore, PgMigrations } from "@refold/sql-pg"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import * as TestDatabase from "../support/TestDatabase.ts"
import { credited, freshId, makeAccount, makeLead } from "./fixtures/domain.ts"

const account = makeAccount("Account")
const lead = makeLead("Lead")

/** A store in a schema of its own, so that one database has several. */
const inSchema = <A, E, R>(schema: string, self: Effect.Effect<A, E, R>) =>
  Effect.provide(self, Layer.fresh(PgEventStore.layer({ schema })))

const freshSchema = () => `s${freshId().replaceAll("-", "")}`

const linesOf = (schema: string) => Stream.runCollect(PgArchive.toLines({ schema }))

const read = (schema: string, lines: ReadonlyArray<string>) =>
  PgArchive.fromLines(Stream.fromIterable(lines), { schema })

/** An archive of three streams, and the schema it is from. */
const archived = Effect.gen(function*() {
  const schema = freshSchema()
  yield* inSchema(
    schema,
    Effect.gen(function*() {
      const store = yield* EventStore
      yield* store.append(account, "a", [credited(1), credited(2)], { metadata: { actor: "Ann" } })
      yield* store.append(lead, "ü\"\\\n", [{ _tag: "NameChanged", name: "NUL \0, half \ud800, line\nbreak" }])
      yield* store.append(account, "a", [credited(3)])
    })
  )
  return { schema, lines: yield* linesOf(schema) }
})

const emptySchema = Effect.tap(Effect.sync(freshSchema), PgMigrations.migrate)

const count = (schema: string) =>
  PgClient.PgClient.use((sql) =>
    Effect.map(
      sql.unsafe<{ readonly events: bigint }>(`select count(*) as events from "${schema}".events`),
      ([row]) => Number(row?.events)
    )
  )

layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("an archive of events", (it) => {
  it.effect("is read back with ids, versions, positions, metadata and instants, and data to the letter", () =>
    Effect.gen(function*() {
      const { lines, schema } = yield* archived
      const other = yield* emptySchema
      assert.strictEqual(yield* read(other, lines), 4)
      assert.deepStrictEqual(yield* linesOf(other), lines)
      const sql = yield* PgClient.PgClient
      const differing = yield* sql.unsafe(
        `select position from "${schema}".events one full join "${other}".events other using (position)
        where (one.tenant, one.category, one.stream_id, one.version, one.event_id, one.type, one.schema_version,
            one.data::text, one.metadata::text, one.recorded_at)
          is distinct from (other.tenant, other.category, other.stream_id, other.version, other.event_id, other.type,
            other.schema_version, other.data::text, other.metadata::text, other.recorded_at)`
      )
      assert.deepStrictEqual(differing, [])
    }))

  it.effect("keeps what JavaScript would not: long numbers, doubled keys, spaces and line breaks", () =>
    Effect.gen(function*() {
      const schema = yield* emptySchema
      const sql = yield* PgClient.PgClient
      const data = `{ "n": 12345678901234567890.10, "n": [1e400, "},\\"metadata\\":{"],\n "metadata": {"data": 1}}`
      yield* sql.unsafe(
        `insert into "${schema}".events (tenant, category, stream_id, version, event_id, type, schema_version, data,
          metadata, recorded_at)
        values ('default', 'Odd', '1', 1, gen_random_uuid(), 'Odd', 1, $1::text::json, '{"a": 1}', now())`,
        [data]
      )
      const other = yield* emptySchema
      yield* read(other, yield* linesOf(schema))
      const [row] = yield* sql.unsafe<{ readonly data: string }>(`select data::text as data from "${other}".events`)
      assert.strictEqual(row?.data, data.replace("\n", " "))
    }))

  it.effect("leaves a store behind that goes on after the last position", () =>
    Effect.gen(function*() {
      const { lines } = yield* archived
      const schema = yield* emptySchema
      yield* read(schema, lines)
      const appended = yield* inSchema(schema, EventStore.use((store) => store.append(account, "a", [credited(4)])))
      assert.deepStrictEqual([appended.version, appended.position], [4, 5])
    }))

  it.effect("leaves a store behind whose log is read in its order, and not sorted", () =>
    Effect.gen(function*() {
      const { lines } = yield* archived
      const other = yield* emptySchema
      yield* read(other, lines)
      const sql = yield* PgClient.PgClient
      assert.deepStrictEqual(
        yield* sql`select correlation from pg_stats
          where schemaname = ${other} and tablename = 'events' and attname = 'position'`,
        [{ correlation: 1 }]
      )
    }))

  it.effect("of a store without events is one as well", () =>
    Effect.gen(function*() {
      const lines = yield* linesOf(yield* emptySchema)
      assert.strictEqual(yield* read(yield* emptySchema, lines), 0)
    }))

  it.effect("is not read into a store that has events", () =>
    Effect.gen(function*() {
      const { lines, schema } = yield* archived
      const error = yield* Effect.flip(read(schema, lines))
      assert.instanceOf(error, PgArchive.StoreNotEmpty)
      assert.strictEqual(yield* count(schema), 4)
    }))

  it.effect("that is damaged is refused with the line and the reason, and nothing of it is stored", () =>
    Effect.gen(function*() {
      const { lines } = yield* archived
      const [head = "", one = "", two = "", three = "", four = "", end = ""] = lines
      const damages: ReadonlyArray<readonly [ReadonlyArray<string>, line: number | undefined, problem: RegExp]> = [
        [[], undefined, /its end is missing/],
        [[one, two, three, four, end], 1, /does not begin/],
        [[head, one, two, three, four], undefined, /its end is missing/],
        [[head, one, two, three, end], undefined, /it has 3 events, not 4/],
        [[head, one, two.slice(0, -9), three, four, end], 3, /no JSON object/],
        [[head, one, `{"position":2}`, three, four, end], 3, /no event/],
        [[head, one, one, two, three, end], 3, /position 1 comes after 1/],
        [[head, one, two, three, four, end, one], 7, /after its end/],
        [[head, one, three, four, `{"events":3}`], undefined, /Account-a has come to version 3 with 2 events/],
        [[head, one, two, three, four.replace(`"version":3`, `"version":2`), end], undefined, /duplicate key/],
        [[head, one, two, three, four.replace(/"id":"[^"]+"/, `"id":"?"`), end], undefined, /uuid/]
      ]
      for (const [lines, line, problem] of damages) {
        const schema = yield* emptySchema
        const error = yield* Effect.flip(read(schema, lines))
        assert.instanceOf(error, PgArchive.DamagedArchive)
        assert.strictEqual(error.line, line, error.message)
        assert.match(error.message, problem)
        assert.strictEqual(yield* count(schema), 0)
      }
    }))

  it.effect("may have gaps where events were discarded, and no others", () =>
    Effect.gen(function*() {
      const { schema } = yield* archived
      const discard = Effect.gen(function*() {
        const store = yield* EventStore
        const [first, second] = yield* Stream.runCollect(store.read(account, "a"))
        return yield* store.discard(account, [first, second].flatMap((event) => event?.id ?? []))
      })
      assert.strictEqual(yield* inSchema(schema, discard), 2)
      const lines = yield* linesOf(schema)
      assert.strictEqual(lines.at(-1), `{"events":2,"missing":2}`)
      const other = yield* emptySchema
      assert.strictEqual(yield* read(other, lines), 2)
      assert.deepStrictEqual(yield* linesOf(other), lines)
      const next = yield* inSchema(other, EventStore.use((store) => store.append(account, "a", [credited(4)])))
      assert.deepStrictEqual([next.version, next.position], [4, 5])
      const forged = [...lines.slice(0, -1), `{"events":2,"missing":1}`]
      const error = yield* Effect.flip(read(yield* emptySchema, forged))
      assert.instanceOf(error, PgArchive.DamagedArchive)
      assert.include(error.message, "2 versions of its streams are not there, and not 1")
    }))

  it.effect("is whole where events are discarded while it is made", () =>
    Effect.gen(function*() {
      const { schema } = yield* archived
      const change = Effect.gen(function*() {
        const store = yield* EventStore
        yield* store.append(account, "a", [credited(4)])
        const all = yield* Stream.runCollect(store.read(account, "a"))
        yield* store.discard(account, all.map(({ id }) => id))
      })
      const lines = yield* Stream.runCollect(
        Stream.tap(PgArchive.toLines({ schema }), (line) =>
          line.includes(`"position":4,`) ? inSchema(schema, change) : Effect.void)
      )
      assert.strictEqual(yield* read(yield* emptySchema, lines), 4)
    }))

  it.effect("is as long as the log was when it was begun", () =>
    Effect.gen(function*() {
      const { schema } = yield* archived
      const append = inSchema(schema, EventStore.use((store) => store.append(account, "late", [credited(9)])))
      const lines = yield* Stream.runCollect(
        Stream.tap(PgArchive.toLines({ schema }), (line) => line.includes(`"position":1,`) ? append : Effect.void)
      )
      assert.strictEqual(lines.length, 6)
      assert.strictEqual(yield* count(schema), 5)
      assert.strictEqual(yield* read(yield* emptySchema, lines), 4)
    }))

  it.effect("the printed script makes the tables that a store asks for", () =>
    Effect.gen(function*() {
      const schema = freshSchema()
      const sql = yield* PgClient.PgClient
      const [begin, ...statements] = PgMigrations.script(schema).trim().split(/;\n\n/)
      assert.strictEqual(begin, "begin")
      assert.strictEqual(statements.pop(), "commit;")
      for (const statement of statements) yield* sql.unsafe(statement).unprepared
      const store = Layer.fresh(PgEventStore.layer({ schema, migrate: false }))
      yield* Effect.provide(EventStore.use((store) => store.append(account, "a", [credited(1)])), store)
      assert.strictEqual(yield* count(schema), 1)
    }))
})
