import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, it, layer } from "@effect/vitest"
import * as PglitePgClient from "@refold/pglite/PglitePgClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import Fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import * as Path from "node:path"
import { run, temporaryFolder } from "./support.ts"

const open = (dataDir: string) =>
  Effect.map(Layer.build(PglitePgClient.layer({ dataDir })), Context.get(PgClient.PgClient))

const using = <A, E>(dataDir: string, use: (sql: PgClient.PgClient) => Effect.Effect<A, E, Scope.Scope>) =>
  Effect.scoped(Effect.flatMap(open(dataDir), use))

/** The error of a folder that cannot be opened. */
const refusal = Effect.fnUntraced(function*(dataDir: string) {
  const error = yield* Effect.flip(Effect.scoped(open(dataDir)))
  assert(error._tag === "SqlError")
  assert.strictEqual(error.reason._tag, "ConnectionError")
  assert.include(error.message, dataDir)
  return error.message
})

/** A folder with a database, in which the table `kept` has one row. */
class Prepared extends Context.Service<Prepared, { readonly folder: string }>()("refold/test/pglite/Prepared") {
  static readonly layer = Layer.effect(
    Prepared,
    Effect.gen(function*() {
      const folder = Path.join(yield* temporaryFolder, "not", "there", "yet")
      yield* using(
        folder,
        (sql) => Effect.andThen(sql`create table kept (id int)`, sql.withTransaction(sql`insert into kept values (1)`))
      )
      return { folder }
    })
  )
}

const copy = Effect.gen(function*() {
  const folder = yield* temporaryFolder
  Fs.cpSync((yield* Prepared).folder, folder, { recursive: true })
  return folder
})

/** Counts how often anything waits for the disk until the scope closes. */
const countSyncs = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const original = Fs.fsyncSync
      const counter = { original, count: 0 }
      Fs.fsyncSync = (descriptor) => {
        counter.count++
        original(descriptor)
      }
      syncBuiltinESMExports()
      return counter
    }),
    ({ original }) =>
      Effect.sync(() => {
        Fs.fsyncSync = original
        syncBuiltinESMExports()
      })
  ),
  (counter) => () => counter.count
)

layer(Prepared.layer, { excludeTestServices: true, timeout: "60 seconds" })((it) => {
  it.effect("A folder is created, keeps its data and is free after closing", () =>
    Effect.gen(function*() {
      const { folder } = yield* Prepared
      const before = Fs.readdirSync(folder)
      assert.deepStrictEqual(yield* using(folder, (sql) => sql`select id from kept`), [{ id: 1 }])
      assert.include(before, "PG_VERSION")
      assert.deepStrictEqual(before.filter((name) => name.startsWith("refold")), [])
      assert.deepStrictEqual(Fs.readdirSync(folder), before)
    }))

  it.effect("A folder is refused while it is open, also in the same process", () =>
    Effect.gen(function*() {
      const { folder } = yield* Prepared
      yield* using(folder, () =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(Effect.scoped(open(folder)))
          assert(error._tag === "PgliteLocked")
          assert.strictEqual(error.pid, process.pid)
          assert.include(error.message, "this process")
        }))
    }))

  it.effect("A commit waits for the disk", () =>
    Effect.gen(function*() {
      const folder = yield* copy
      const syncs = yield* countSyncs
      yield* using(folder, (sql) =>
        Effect.gen(function*() {
          yield* sql`insert into kept values (2)`
          const before = syncs()
          yield* sql`insert into kept values (3)`
          assert.strictEqual(syncs(), before + 1)
          yield* sql.withTransaction(Effect.andThen(sql`insert into kept values (4)`, sql`insert into kept values (5)`))
          assert.strictEqual(syncs(), before + 2)
          yield* sql`select id from kept`
          assert.strictEqual(syncs(), before + 2)
          yield* sql`checkpoint`
          assert.isAbove(syncs(), before + 5)
        }))
    }))

  it.effect("Closing does not wait for those who still listen, and ends their queues", () =>
    Effect.gen(function*() {
      const folder = yield* copy
      const outer = yield* Effect.scope
      const queue = yield* using(folder, (sql) => Scope.provide(sql.listen("anything"), outer))
      assert.isTrue(Exit.hasInterrupts(yield* Effect.exit(Queue.take(queue))))
    }))

  it.effect("What was acknowledged is still there after the process was killed", () =>
    Effect.gen(function*() {
      const folder = yield* copy
      const program = yield* run("insertForever", folder)
      let acknowledged = 0
      while (acknowledged < 200) acknowledged = Number(yield* program.line)
      yield* program.kill
      for (let line = yield* program.line; line !== undefined; line = yield* program.line) acknowledged = Number(line)
      const [row] = yield* using(folder, (sql) =>
        sql<{ stored: number; last: number }>`select count(*)::int as stored, max(id) as last from acknowledged`)
      assert.strictEqual(row!.stored, row!.last)
      assert.isAtLeast(row!.last, acknowledged)
      assert.isAtMost(row!.last, acknowledged + 1)
    }), 30_000)

  it.effect("A database that does not start tells why, and its folder stays free", () =>
    Effect.gen(function*() {
      const folder = yield* copy
      Fs.rmSync(Path.join(folder, "global", "pg_control"))
      assert.match(yield* refusal(folder), /could not open file "global\/pg_control"/)
      assert.match(yield* refusal(folder), /could not open file "global\/pg_control"/)
      Fs.writeFileSync(Path.join(folder, "PG_VERSION"), "9\n")
      assert.match(yield* refusal(folder), /initialized by PostgreSQL version 9/)
    }))

  it.effect("A database that crashes fails every statement, and what it had stored is recovered", () =>
    Effect.gen(function*() {
      const folder = yield* copy
      const control = Path.join(folder, "global", "pg_control")
      const hidden = `${control}.hidden`
      yield* using(folder, (sql) =>
        Effect.gen(function*() {
          yield* sql`insert into kept values (2)`
          Fs.renameSync(control, hidden)
          const crash = yield* Effect.flip(sql`checkpoint`)
          const later = yield* Effect.flip(sql`select 1`)
          for (const error of [crash, later]) {
            assert.strictEqual(error.reason._tag, "ConnectionError")
            assert.match(String(error.reason.cause), /crashed: could not open file ".*global\/pg_control"/)
          }
        }))
      Fs.renameSync(hidden, control)
      assert.deepStrictEqual(yield* using(folder, (sql) => sql`select id from kept`), [{ id: 1 }, { id: 2 }])
    }))
})

it.live("An initialisation that was cut off is started again, and waits for the disk", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    for (const name of ["refold.initializing", "PG_VERSION", "leftover", ".gitignore"]) {
      Fs.writeFileSync(Path.join(folder, name), "18\n")
    }
    const syncs = yield* countSyncs
    assert.deepStrictEqual(yield* using(folder, (sql) => sql`select 1 as one`), [{ one: 1 }])
    const names = Fs.readdirSync(folder)
    assert.isAbove(syncs(), Fs.readdirSync(folder, { recursive: true }).length)
    assert.includeMembers(names, [".gitignore", "postgresql.conf"])
    assert.notIncludeMembers(names, ["leftover"])
    assert.notIncludeMembers(names, ["refold.initializing"])
  }), 30_000)

it.live("A folder with other content is refused and left alone", () =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    Fs.writeFileSync(Path.join(folder, "thesis.txt"), "")
    assert.match(yield* refusal(folder), /not empty/)
    assert.deepStrictEqual(Fs.readdirSync(folder), ["thesis.txt"])
  }))

it.live("A path that is a file, or leads through one, is refused", () =>
  Effect.gen(function*() {
    const file = Path.join(yield* temporaryFolder, "file")
    Fs.writeFileSync(file, "")
    assert.match(yield* refusal(file), /is a file/)
    assert.match(yield* refusal(Path.join(file, "below")), /ENOTDIR|ENOENT|EEXIST/)
  }))
