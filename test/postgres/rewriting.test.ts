import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as SqlClient from "effect/sql/SqlClient"
import { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import { openTransaction, store } from "./fixtures/database.ts"
import { create, credited, makeAccount, makeLead } from "./fixtures/domain.ts"

const lead = makeLead()

const rewrites = {
  UPDATE: "update refold.events set type = 'Rewritten' where stream_id = '1'",
  DELETE: "delete from refold.events where stream_id = '1'",
  TRUNCATE: "truncate refold.events"
}

const allow = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`set local refold.allow_rewriting = 'on'`)

const events = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql<{ readonly stream: string; readonly type: string }>`
      select stream_id as stream, type from refold.events order by stream_id`,
    (rows) => rows.map(({ stream, type }) => `${stream}: ${type}`)
  ))

/** Runs in a transaction that has made two leads and that is rolled back. */
const withTwoLeads = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const transaction = yield* openTransaction
    const result = yield* transaction.run(
      Effect.andThen(lead.execute("1", create), Effect.andThen(lead.execute("2", create), self))
    )
    yield* transaction.rollback
    return result
  })

const assertRefused = (operation: string, error: unknown) => {
  assert.instanceOf(error, SqlError)
  const { cause } = error.reason
  assert.isTrue(Predicate.hasProperty(cause, "message") && Predicate.hasProperty(cause, "hint"))
  assert.include(cause, {
    message: `events are never changed or deleted: ${operation} on refold.events refused`,
    hint: "To do it on purpose: set local refold.allow_rewriting = 'on' in the same transaction."
  })
}

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("recorded events", (it) => {
  for (const [operation, statement] of Object.entries(rewrites)) {
    it.effect(`are protected from ${operation}, and the hint says how to do it on purpose`, () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const refused = Effect.flip(sql.withTransaction(sql.unsafe(statement)))
        const [error, left] = yield* withTwoLeads(Effect.zip(refused, events))
        assertRefused(operation, error)
        assert.deepStrictEqual(left, ["1: LeadCreated", "2: LeadCreated"])
      }))
  }

  it.effect("are changed by an UPDATE that is allowed", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const left = yield* withTwoLeads(Effect.andThen(allow, Effect.andThen(sql.unsafe(rewrites.UPDATE), events)))
      assert.deepStrictEqual(left, ["1: Rewritten", "2: LeadCreated"])
    }))

  it.effect("are deleted by a DELETE that is allowed", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const left = yield* withTwoLeads(Effect.andThen(allow, Effect.andThen(sql.unsafe(rewrites.DELETE), events)))
      assert.deepStrictEqual(left, ["2: LeadCreated"])
    }))

  it.effect("are all deleted by a TRUNCATE that is allowed", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const left = yield* withTwoLeads(Effect.andThen(allow, Effect.andThen(sql.unsafe(rewrites.TRUNCATE), events)))
      assert.deepStrictEqual(left, [])
    }))

  it.effect("are still read once each, page by page, where one of them was deleted", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const store = yield* EventStore
      const account = makeAccount()
      yield* store.append(account, "long", Array.from({ length: 2500 }, () => credited(1)))
      yield* sql.withTransaction(Effect.andThen(allow, sql`delete from refold.events where version in (3, 1500)`))
      const read = yield* Stream.runCollect(store.read(account, "long"))
      assert.deepStrictEqual(
        read.map(({ version }) => version),
        Array.from({ length: 2500 }, (_, index) => index + 1).filter((version) => version !== 3 && version !== 1500)
      )
    }))

  it.effect("are protected again after the transaction in which rewriting was allowed", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const session = yield* sql.reserve
      const run = (statement: string) => session.executeUnprepared(statement, [], undefined)
      yield* run("begin")
      yield* run("set local refold.allow_rewriting = 'on'")
      yield* run(rewrites.TRUNCATE)
      yield* run("commit")
      assertRefused("TRUNCATE", yield* Effect.flip(run(rewrites.TRUNCATE)))
    }).pipe(Effect.scoped))
})
