import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, layer } from "@effect/vitest"
import * as PglitePgClient from "@refold/pglite/PglitePgClient"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import { eventually } from "./support.ts"

const payloads = (queue: Queue.Dequeue<{ readonly payload: string }, unknown>) =>
  Effect.map(Queue.clear(queue), (notifications) => notifications.map(({ payload }) => payload))

const channels = Effect.flatMap(PgClient.PgClient, (sql) =>
  Effect.map(
    sql<{ channel: string }>`select channel from pg_listening_channels() channel order by channel`,
    (rows) => rows.map((row) => row.channel)
  ))

layer(PglitePgClient.layer(), { excludeTestServices: true, timeout: "60 seconds" })((it) => {
  it.effect("A notification has arrived at every listener of its channel when it is sent", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const [first, second, other] = yield* Effect.all(
        [sql.listen("a \"quoted\" name"), sql.listen("a \"quoted\" name"), sql.listen("another")],
        { concurrency: "unbounded" }
      )
      yield* sql.notify("a \"quoted\" name", "hello")
      assert.deepStrictEqual(yield* payloads(first), ["hello"])
      assert.deepStrictEqual(yield* payloads(second), ["hello"])
      assert.deepStrictEqual(yield* payloads(other), [])
    }))

  it.effect("A notification sent in a transaction arrives with its commit, and never if it is rolled back", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* sql.listen("transactional")
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql.notify("transactional", "committed")
        yield* Effect.flip(sql.withTransaction(
          Effect.andThen(sql.notify("transactional", "to a savepoint"), Effect.fail("rolled back"))
        ))
        assert.deepStrictEqual(yield* payloads(queue), [])
      }))
      assert.deepStrictEqual(yield* payloads(queue), ["committed"])
      yield* Effect.flip(sql.withTransaction(
        Effect.andThen(sql.notify("transactional", "nothing"), Effect.fail("rolled back"))
      ))
      assert.deepStrictEqual(yield* payloads(queue), [])
    }))

  it.effect("A notification sent by a function or a trigger arrives, also along with many rows", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* sql`create table noisy (id int)`
      yield* sql`create function announce() returns trigger language plpgsql as $$
        begin perform pg_notify('noise', 'trigger ' || new.id); return new; end $$`
      yield* sql`create trigger announce after insert on noisy for each row execute function announce()`
      yield* sql`create function chatter(count int) returns setof text language plpgsql as $$
        begin
          perform pg_notify('noise', 'function');
          return query select repeat('x', 100) from generate_series(1, count);
        end $$`
      const queue = yield* sql.listen("noise")
      yield* sql`insert into noisy values (1), (2)`
      assert.deepStrictEqual(yield* payloads(queue), ["trigger 1", "trigger 2"])
      for (const count of [0, 1, 80, 81, 5000]) {
        assert.strictEqual((yield* sql`select * from chatter(${count})`).length, count)
        assert.deepStrictEqual(yield* payloads(queue), ["function"])
      }
    }))

  it.effect("A channel is listened to as long as somebody does", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      yield* eventually(Effect.map(channels, (names) => names.length === 0))
      const first = yield* Scope.make()
      const second = yield* Scope.make()
      const queue = yield* Scope.provide(sql.listen("shared"), second)
      const early = yield* Scope.provide(sql.listen("shared"), first)
      yield* Scope.close(first, Exit.void)
      assert.isTrue(Exit.hasInterrupts(yield* Effect.exit(Queue.take(early))))
      yield* sql.notify("shared", "still here")
      assert.deepStrictEqual(yield* payloads(queue), ["still here"])
      assert.deepStrictEqual(yield* channels, ["shared"])
      yield* Scope.close(second, Exit.void)
      yield* eventually(Effect.map(channels, (names) => names.length === 0))
    }))

  it.effect("A listener that joins when the last one leaves misses nothing", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const others = Effect.repeat(Effect.yieldNow, { times: 10 })
      const leave = Effect.gen(function*() {
        const scope = yield* Scope.make()
        yield* Scope.provide(sql.listen("relay"), scope)
        return Scope.close(scope, Exit.void)
      })
      const unlistened = eventually(Effect.map(channels, (names) => !names.includes("relay")))
      for (const meanwhile of [Effect.void, others, unlistened, sql.withTransaction(others)]) {
        yield* Effect.andThen(yield* leave, meanwhile)
        yield* Effect.scoped(Effect.gen(function*() {
          const queue = yield* sql.listen("relay")
          for (let sent = 0; sent < 10; sent++) {
            yield* sql.notify("relay", String(sent))
            yield* others
          }
          assert.strictEqual((yield* payloads(queue)).length, 10)
        }))
      }
      const left = yield* leave
      yield* sql.withTransaction(Effect.andThen(left, others))
      const queue = yield* sql.listen("relay")
      yield* others
      yield* sql.notify("relay", "after all")
      assert.deepStrictEqual(yield* payloads(queue), ["after all"])
    }))

  it.effect("Listeners outlive the session", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* sql.listen("survivor")
      // The bytes of this value are not the text that the client takes them for.
      yield* Effect.flip(sql`select '72057594037927935'::xid8`)
      yield* sql.notify("survivor", "alive")
      assert.deepStrictEqual(yield* payloads(queue), ["alive"])
    }))

  it.effect("A fiber that waits to listen can be interrupted", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const opened = yield* Deferred.make<void>()
      const holder = yield* Deferred.succeed(opened, undefined).pipe(
        Effect.andThen(Effect.never),
        sql.withTransaction,
        Effect.forkChild
      )
      yield* Deferred.await(opened)
      const waiting = yield* Effect.forkChild(sql.listen("patience"), { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(holder)
      yield* Effect.scoped(Effect.gen(function*() {
        const queue = yield* sql.listen("patience")
        yield* sql.notify("patience", "rewarded")
        assert.deepStrictEqual(yield* payloads(queue), ["rewarded"])
      }))
      yield* eventually(Effect.map(channels, (names) => !names.includes("patience")))
    }))

  it.effect("A listener may leave inside a transaction, but not join there", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const scope = yield* Scope.make()
      yield* Scope.provide(sql.listen("leaving"), scope)
      yield* sql.withTransaction(Effect.andThen(Scope.close(scope, Exit.void), sql`select 1`))
      yield* eventually(Effect.map(channels, (names) => !names.includes("leaving")))
      const error = yield* Effect.flip(sql.withTransaction(sql.listen("joining")))
      assert.match(error.message, /inside a transaction/)
    }))

  it.effect("A name that PostgreSQL would cut is refused", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const error = yield* Effect.flip(sql.listen("ä".repeat(32)))
      assert.match(error.message, /63/)
      yield* Effect.flip(sql.notify("ä".repeat(32), ""))
    }))
})
