import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, layer } from "@effect/vitest"
import { RowLevelSecurity } from "@refold/sql-pg"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isSqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import * as Aggregate from "refold/Aggregate"
import * as EventStore from "refold/EventStore"
import * as Projection from "refold/Projection"
import * as StreamId from "refold/StreamId"
import * as View from "refold/View"
import * as Views from "refold/Views"
import { assertUnavailable, openTransaction, startProcess, store } from "./fixtures/database.ts"
import { freshId } from "./fixtures/domain.ts"

const makeNote = () =>
  Aggregate.make(`Note-${freshId()}`, {
    command: Schema.TaggedUnion({ Write: { text: Schema.String } }),
    event: Schema.TaggedUnion({ Written: { text: Schema.String } }),
    state: Schema.String,
    initial: "",
    decide: ({ text }) => [{ _tag: "Written", text }],
    evolve: (_, { text }) => text,
    conflicts: "commutes",
    snapshots: { every: 1, version: 1 }
  })

const write = (text: string) => ({ _tag: "Write" as const, text })

const as = (tenant: string) => Effect.provideService(StreamId.Tenant, tenant)

/** Roles belong to the whole server. */
const makeRole = (kind: string) =>
  Effect.acquireRelease(
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const role = `${kind}_${freshId().replaceAll("-", "")}`
      yield* sql.unsafe(`create role ${role}`).unprepared
      return role
    }),
    (role) =>
      PgClient.PgClient.use((sql) =>
        Effect.andThen(sql.unsafe(`drop owned by ${role}`).unprepared, sql.unsafe(`drop role ${role}`).unprepared)
      ).pipe(Effect.orDie)
  )

/** A note and its view in two tenants, and a wall with a role on each side of it. */
const build = Effect.gen(function*() {
  const note = makeNote()
  const [acme, globex] = [`acme-${freshId()}`, `globex-${freshId()}`]
  const notes = View.make(`${note.category} notes`, {
    version: 1,
    from: [note],
    state: Schema.Struct({ text: Schema.String }),
    initial: { text: "" },
    evolve: (_, { event }) => ({ text: event.text })
  })
  yield* as(acme)(note.execute("1", write("secret")))
  yield* as(globex)(note.execute("1", write("own")))
  yield* Projection.catchUp(notes)
  const [reader, analyst] = [yield* makeRole("reader"), yield* makeRole("analyst")]
  yield* RowLevelSecurity.apply({ roles: { [reader]: "current", [analyst]: { only: globex } } })
  return { acme, globex, note, notes, reader, analyst }
})

const codeOf = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(
    Effect.flip(self),
    (error) =>
      isSqlError(error) && typeof error.reason.cause === "object" && error.reason.cause !== null &&
        "code" in error.reason.cause
        ? error.reason.cause.code
        : error
  )

const denied = "42501"

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("row-level security", (it) => {
  it.effect("shows a role the rows of the tenant at work, in tables and views, whatever it asks for", () =>
    Effect.gen(function*() {
      const { acme, globex, note, reader } = yield* build
      const sql = yield* PgClient.PgClient
      const within = RowLevelSecurity.within(reader)
      const queries = {
        events: sql`select tenant from refold.events where category = ${note.category}`,
        "another tenant": sql`select tenant from refold.events where category = ${note.category} and tenant >= ''`,
        rows: sql`select tenant from refold.view_rows where view = ${`${note.category} notes`}`,
        views: sql`select tenant from refold.views where view = ${`${note.category} notes`}`,
        joined: sql`select e.tenant from refold.events e left join refold.views v using (tenant)
          where e.category = ${note.category}`
      }
      for (const tenant of [acme, globex]) {
        for (const [name, query] of Object.entries(queries)) {
          assert.deepStrictEqual(yield* as(tenant)(within(query)), [{ tenant }], name)
        }
      }
      for (const [name, query] of Object.entries(queries)) {
        assert.deepStrictEqual(yield* within(query), [], `${name}, of nobody`)
      }
      const [counted] = yield* as(globex)(within(sql`select count(*)::int as all from refold.events`))
      assert.deepStrictEqual(counted, { all: 1 })
      // conditions of the reader's own must not be asked of rows it may not see
      const probe =
        sql`select 1 from refold.events where 1 / (case when data->>'text' = 'secret' then 0 else 1 end) = 1`
      assert.strictEqual((yield* as(globex)(within(probe))).length, 1)
    }))

  it.effect("lets a reader write nothing, and read nothing that is not for readers", () =>
    Effect.gen(function*() {
      const { analyst, globex, note, reader } = yield* build
      const sql = yield* PgClient.PgClient
      const store = yield* EventStore.EventStore
      for (const role of [reader, analyst]) {
        const tries = {
          insert: sql`insert into refold.view_rows values ('v', 1, ${globex}, 'k', 1, 'null')`,
          update: sql`update refold.events set type = 'Forged'`,
          delete: sql`delete from refold.events`,
          truncate: sql`truncate refold.events`,
          discard: sql`select refold.discard(${globex}, ${note.category}, array[gen_random_uuid()], 9)`,
          snapshots: sql`select * from refold.snapshots`,
          parked: sql`select * from refold.parked`,
          locks: sql`select * from refold.locks`,
          checkpoints: sql`select * from refold.partitions`,
          sequence: sql`select nextval('refold.positions')`
        }
        for (const [name, tried] of Object.entries(tries)) {
          assert.strictEqual(yield* codeOf(as(globex)(RowLevelSecurity.within(role)(tried))), denied, name)
        }
        const append = store.append(note, "1", [{ _tag: "Written", text: "forged" }])
        const error = yield* Effect.flip(as(globex)(RowLevelSecurity.within(role)(append)))
        assert.strictEqual(error._tag, "EventStoreError")
      }
      assert.strictEqual(yield* as(globex)(store.version(note, "1")), 1)
    }))

  it.effect("holds a role to its one tenant, whatever its SQL sets", () =>
    Effect.gen(function*() {
      const { acme, analyst, globex, note } = yield* build
      const sql = yield* PgClient.PgClient
      const tenants = Effect.andThen(
        sql`select set_config('refold.tenant', ${acme}, true)`,
        sql`select tenant from refold.events where category = ${note.category}`
      )
      assert.deepStrictEqual(yield* as(acme)(RowLevelSecurity.within(analyst)(tenants)), [{ tenant: globex }])
    }))

  it.effect("gives a transaction its rights back after queries within a role, however they end", () =>
    Effect.gen(function*() {
      const { acme, globex, note, reader } = yield* build
      const sql = yield* PgClient.PgClient
      const tenants = Effect.map(
        sql<{ readonly tenant: string }>`select tenant from refold.events where category = ${note.category} order by 1`,
        (rows) => rows.map(({ tenant }) => tenant)
      )
      const { commit, run } = yield* openTransaction
      assert.deepStrictEqual(yield* run(tenants), [acme, globex])
      assert.deepStrictEqual(yield* run(as(acme)(RowLevelSecurity.within(reader)(tenants))), [acme])
      assert.deepStrictEqual(yield* run(tenants), [acme, globex])
      yield* run(Effect.flip(as(acme)(RowLevelSecurity.within(reader)(sql`select * from refold.locks`))))
      assert.deepStrictEqual(yield* run(tenants), [acme, globex])
      const nested = as(globex)(
        RowLevelSecurity.within(reader)(Effect.zip(
          as(acme)(RowLevelSecurity.within(reader)(tenants)),
          tenants
        ))
      )
      assert.deepStrictEqual(yield* run(nested), [[acme], [globex]])
      assert.strictEqual((yield* run(as(acme)(note.execute("1", write("more"))))).version, 2)
      yield* commit
    }))

  it.effect("does not stand in the way of a store whose role may work for all, even where owners are held", () =>
    Effect.gen(function*() {
      const { acme, globex, note, notes, reader } = yield* build
      const sql = yield* PgClient.PgClient
      const [app, owner] = [yield* makeRole("app"), yield* makeRole("owner")]
      const tables = yield* sql<{ readonly name: string }>`
        select tablename as name from pg_tables where schemaname = 'refold'`
      yield* sql.unsafe(`grant usage on schema refold to ${owner}`).unprepared
      for (const { name } of tables) yield* sql.unsafe(`alter table refold.${name} owner to ${owner}`).unprepared
      yield* Effect.addFinalizer(() =>
        sql.unsafe(`reassign owned by ${owner} to current_user`).unprepared.pipe(Effect.orDie)
      )
      // as where functions are nobody's by default
      yield* sql.unsafe("revoke execute on all functions in schema refold from public").unprepared
      yield* RowLevelSecurity.apply({ roles: { [app]: "all", [reader]: "current" }, force: true })

      const process = yield* startProcess({
        client: { startupParameters: { role: app } },
        store: { migrate: false, listen: false }
      })
      const landed = yield* process.run(Effect.forEach(
        Array.from({ length: 40 }, (_, index) => index),
        (index) => as(index % 2 === 0 ? acme : globex)(note.execute(`${index}`, write(`${index}`))),
        { concurrency: "unbounded" }
      ))
      assert.strictEqual(landed.length, 40)
      yield* process.run(Projection.catchUp(notes))
      const rows = process.run(as(acme)(Views.get(notes, "2")))
      assert.deepStrictEqual(yield* rows, Option.some({ text: "2" }))
      yield* process.run(as(acme)(note.withLock("1", note.execute("1", write("locked")))))
      assert.strictEqual((yield* process.run(as(acme)(note.load("1")))).state, "locked")
      const discard = Effect.flatMap(
        EventStore.EventStore,
        (store) => store.discard(note, landed.slice(0, 1).flatMap(({ events }) => events.map(({ id }) => id)))
      )
      assert.strictEqual(yield* process.run(as(acme)(discard)), 0)
      const log = EventStore.readAll([note], { tenants: "all" })
      assert.strictEqual((yield* process.run(Stream.runCollect(log))).length, 43)

      const asOwner = RowLevelSecurity.within(owner)(sql`select from refold.events`)
      assert.deepStrictEqual(yield* as(acme)(asOwner), [])
      yield* RowLevelSecurity.apply({ roles: { [app]: "all" } })
      assert.isAbove((yield* as(acme)(asOwner)).length, 0)
    }))

  it.effect("is not built while somebody reads for long, and keeps nobody from the tables until then", () =>
    Effect.gen(function*() {
      const { acme, note, reader } = yield* build
      const sql = yield* PgClient.PgClient
      const reading = yield* openTransaction
      yield* reading.run(Effect.andThen(PgClient.PgClient, (sql) => sql`select from refold.events limit 1`))
      assertUnavailable(yield* Effect.flip(RowLevelSecurity.apply({ roles: { [reader]: "current" } })))
      yield* as(acme)(note.execute("1", write("still there")))
      assert.deepStrictEqual(yield* sql`show lock_timeout`, [{ lock_timeout: "0" }])
      yield* reading.commit
      yield* RowLevelSecurity.apply({ roles: { [reader]: "current" } })
    }))

  it.effect("takes what it gave from a role that is not named any more", () =>
    Effect.gen(function*() {
      const { acme, analyst, globex, note, reader } = yield* build
      const sql = yield* PgClient.PgClient
      const tenants = sql`select tenant from refold.events where category = ${note.category}`
      yield* RowLevelSecurity.apply({ roles: { [analyst]: { only: acme } } })
      assert.strictEqual(yield* codeOf(as(globex)(RowLevelSecurity.within(reader)(tenants))), denied)
      assert.deepStrictEqual(yield* as(globex)(RowLevelSecurity.within(analyst)(tenants)), [{ tenant: acme }])
      yield* sql.unsafe(`grant usage on schema refold to ${reader}`).unprepared
      yield* sql.unsafe(`grant select on all tables in schema refold to ${reader}`).unprepared
      assert.deepStrictEqual(yield* as(globex)(RowLevelSecurity.within(reader)(tenants)), [])
    }))

  it.effect("is built as a whole or not at all", () =>
    Effect.gen(function*() {
      const { globex, note, reader } = yield* build
      const sql = yield* PgClient.PgClient
      const error = yield* Effect.flip(RowLevelSecurity.apply({ roles: { nobody_knows: "current" } }))
      assert.strictEqual(error.reason._tag, "StoreFailure")
      assert.include(error.message, `role "nobody_knows" does not exist`)
      const tenants = sql`select tenant from refold.events where category = ${note.category}`
      assert.deepStrictEqual(yield* as(globex)(RowLevelSecurity.within(reader)(tenants)), [{ tenant: globex }])
    }))
})
