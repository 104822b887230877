import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as AppendCondition from "refold/AppendCondition"
import { EventStore } from "refold/EventStore"
import { openTransaction, startProcess, store, untilBlocked } from "./fixtures/database.ts"
import {
  changeName,
  close,
  create,
  credited,
  followUp,
  freshId,
  InsufficientFunds,
  makeAccount,
  makeLead
} from "./fixtures/domain.ts"

const lead = makeLead()

const createLead = Effect.suspend(() => {
  const id = freshId()
  return Effect.as(lead.execute(id, create), id)
})

/**
 * Two commands on one lead in one process. The one outside waits for the transaction, which has appended something else;
 * the one inside has closed the lead.
 */
const meetInOneProcess = Effect.gen(function*() {
  const process = yield* startProcess()
  const { lead, run } = process
  const id = freshId()
  yield* run(lead.execute(id, create))
  const inside = yield* run(openTransaction)
  yield* inside.run(lead.execute(freshId(), create))
  const outside = yield* Effect.forkChild(run(lead.execute(id, changeName("Bea"))))
  yield* untilBlocked(process)
  yield* inside.run(lead.execute(id, close)).pipe(Effect.timeoutOrElse({
    duration: "8 seconds",
    orElse: () => Effect.die(new Error("The command inside the transaction waits for the one outside"))
  }))
  return { id, inside, outside }
})

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("in a transaction of the user's own", (it) => {
  it.effect("what was appended is seen inside at once and outside once it is committed", () =>
    Effect.gen(function*() {
      const id = yield* createLead
      const transaction = yield* openTransaction
      yield* transaction.run(lead.execute(id, close))
      assert.strictEqual((yield* transaction.run(lead.load(id))).state.status, "Closed")
      assert.strictEqual((yield* lead.load(id)).state.status, "")
      yield* transaction.commit
      assert.strictEqual((yield* lead.load(id)).state.status, "Closed")
    }))

  it.effect("commands on several streams and other writes are committed together or not at all", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table together (id text)`
      const account = makeAccount()
      const id = yield* createLead
      const together = Effect.gen(function*() {
        yield* lead.execute(id, close)
        yield* sql`insert into together values (${id})`
        return yield* account.execute(id, { _tag: "Debit", cents: 5 })
      })
      const found = Effect.all([
        Effect.map(lead.load(id), ({ version }) => version),
        Effect.map(account.load(id), ({ state }) => state),
        sql`select id from together`
      ])
      assert.instanceOf(yield* Effect.flip(sql.withTransaction(together)), InsufficientFunds)
      assert.deepStrictEqual(yield* found, [1, 0, []])
      yield* account.execute(id, { _tag: "Credit", cents: 7 })
      yield* sql.withTransaction(together)
      assert.deepStrictEqual(yield* found, [2, 2, [{ id }]])
    }))

  it.effect("nothing is left of what was appended when it is rolled back", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const store = yield* EventStore
      const account = makeAccount(`Account-${freshId()}`)
      yield* store.append(account, "1", [credited(1)])
      const error = yield* store.append(account, "1", [credited(2)]).pipe(
        Effect.andThen(store.append(account, "2", [credited(3)])),
        Effect.andThen(Effect.fail("no" as const)),
        sql.withTransaction,
        Effect.flip
      )
      assert.strictEqual(error, "no")
      assert.strictEqual(yield* store.version(account, "1"), 1)
      assert.strictEqual(yield* store.version(account, "2"), 0)
      const log = yield* Stream.runCollect(store.readAll([account]))
      assert.deepStrictEqual(log.map(({ event }) => event.cents), [1])
      assert.strictEqual((yield* store.append(account, "1", [credited(4)])).version, 2)
    }))

  it.effect("nothing is remembered of what was appended when it is rolled back", () =>
    Effect.gen(function*() {
      const id = yield* createLead
      const transaction = yield* openTransaction
      yield* transaction.run(lead.execute(id, close))
      yield* transaction.rollback
      const landed = yield* lead.execute(id, followUp)
      assert.deepStrictEqual([landed.version, landed.missed], [2, []])
      const seen = yield* lead.execute(id, changeName("Bea"), { seen: 1 })
      assert.deepStrictEqual(seen.missed.map(({ event }) => event._tag), ["FollowupSet"])
    }))

  it.effect("a command does not line up behind one that waits for the transaction to be committed", () =>
    Effect.gen(function*() {
      const { id, inside, outside } = yield* meetInOneProcess
      yield* inside.commit
      const landed = yield* Fiber.join(outside)
      // it began on a remembered state: what it met is what it would have loaded
      assert.deepStrictEqual([landed.version, landed.missed], [3, []])
      assert.deepStrictEqual((yield* lead.load(id)).state, { exists: true, name: "Bea", status: "Closed", on: "" })
    }))

  it.effect("a command tells nothing to one that waits for the transaction to be rolled back", () =>
    Effect.gen(function*() {
      const { id, inside, outside } = yield* meetInOneProcess
      yield* inside.rollback
      const landed = yield* Fiber.join(outside)
      assert.deepStrictEqual([landed.version, landed.missed], [2, []])
      assert.deepStrictEqual((yield* lead.load(id)).state, { exists: true, name: "Bea", status: "", on: "" })
    }))

  it.effect("an append that is refused leaves the transaction as it was", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = yield* createLead
      const transaction = yield* openTransaction
      yield* transaction.run(lead.execute(id, close))
      const refused = store.append(lead, id, [], { condition: AppendCondition.at(1) })
      assert.instanceOf(yield* Effect.flip(transaction.run(refused)), AppendCondition.AppendConditionFailed)
      yield* transaction.run(lead.execute(id, changeName("Bea")))
      yield* transaction.commit
      assert.strictEqual((yield* lead.load(id)).version, 3)
    }))

  it.effect("an append in a savepoint that is rolled back is undone, and those around it are not", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const id = yield* createLead
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* lead.execute(id, changeName("Bea"))
        yield* Effect.flip(sql.withTransaction(Effect.andThen(lead.execute(id, close), Effect.fail("no"))))
        yield* lead.execute(id, followUp)
      }))
      const events = yield* EventStore.use((store) => Stream.runCollect(store.read(lead, id)))
      assert.deepStrictEqual(
        events.map(({ event, version }) => [version, event._tag]),
        [[1, "LeadCreated"], [2, "NameChanged"], [3, "FollowupSet"]]
      )
    }))
})
