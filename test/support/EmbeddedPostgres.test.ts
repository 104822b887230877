import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as Fs from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as EmbeddedPostgres from "./EmbeddedPostgres.ts"
import { isAlive } from "./processes.ts"

const Started = Schema.fromJsonString(
  Schema.Struct({ directory: Schema.String, pid: Schema.Int, url: Schema.String })
)

const query = <A, E>(url: string, use: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>) =>
  Effect.flatMap(SqlClient.SqlClient, use).pipe(
    Effect.provide(PgClient.layer({ url: Redacted.make(url), maxConnections: 1 }))
  )

const eventually = (condition: () => boolean) =>
  Effect.sync(condition).pipe(Effect.repeat({ schedule: Schedule.spaced("10 millis"), until: (holds) => holds }))

it.live("A server that was killed starts again with everything that was committed", () =>
  Effect.gen(function*() {
    const server = yield* EmbeddedPostgres.make({ settings: EmbeddedPostgres.durable })
    yield* query(server.url, (sql) => sql`create table seen (id int)`)
    const first = yield* server.pid
    yield* query(server.url, (sql) =>
      Effect.gen(function*() {
        yield* sql`insert into seen values (1)`
        assert.deepStrictEqual(yield* sql`show fsync`, [{ fsync: "on" }])
        yield* server.kill("SIGKILL")
        const error = yield* Effect.flip(sql`insert into seen values (2)`)
        assert.strictEqual(error.reason._tag, "ConnectionError")
      }))
    yield* server.start
    assert.notStrictEqual(yield* server.pid, first)
    assert.deepStrictEqual(yield* query(server.url, (sql) => sql`select id from seen`), [{ id: 1 }])
  }))

it.live("A closed scope leaves neither a server nor a folder behind", () =>
  Effect.gen(function*() {
    const { directory, pid } = yield* Effect.scoped(
      EmbeddedPostgres.make().pipe(
        Effect.flatMap(({ directory, pid }) => Effect.map(pid, (pid) => ({ directory, pid })))
      )
    )
    assert.isFalse(isAlive(pid))
    assert.isFalse(Fs.existsSync(directory))
  }))

it.live("A killed process leaves neither a server nor a folder behind", () =>
  Effect.gen(function*() {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const main = fileURLToPath(new URL("./fixtures/startPostgres.ts", import.meta.url))
        return spawn(process.execPath, [main], { stdio: ["ignore", "pipe", "inherit"] })
      }),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    const [line] = yield* Effect.promise(() => once(createInterface({ input: child.stdout }), "line"))
    const { directory, pid, url } = yield* Schema.decodeUnknownEffect(Started)(line)
    assert.deepStrictEqual(yield* query(url, (sql) => sql`select 1 as one`), [{ one: 1 }])
    assert.isTrue(isAlive(pid))

    child.kill("SIGKILL")

    yield* eventually(() => !isAlive(pid) && !Fs.existsSync(directory))
  }))
