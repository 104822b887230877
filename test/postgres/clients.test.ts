import * as PgTypes from "@effect/sql-pg/PgTypes"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as String from "effect/String"
import * as AppendCondition from "refold/AppendCondition"
import { Conflict } from "refold/Conflict"
import { EventStore } from "refold/EventStore"
import * as Projection from "refold/Projection"
import * as TestDatabase from "../support/TestDatabase.ts"
import {
  openTransaction,
  type Process,
  type ProcessOptions,
  startProcess,
  store,
  untilBlocked
} from "./fixtures/database.ts"
import { changeName, close, create, credited, followUp, freshId, makeAccount } from "./fixtures/domain.ts"

/** int8 as a number, as many an application has it. */
const int8AsNumber = () => {
  const types = PgTypes.makeRegistry()
  const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  types.register<number>(PgTypes.OID.int8, {
    encode: (value) => {
      const bytes = new Uint8Array(8)
      view(bytes).setBigInt64(0, BigInt(value))
      return Result.succeed(bytes)
    },
    decode: (bytes) => Result.succeed(Number(view(bytes).getBigInt64(0)))
  })
  return types
}

const clients: { readonly [what: string]: ProcessOptions } = {
  "that renames columns": {
    client: { transformResultNames: String.snakeToCamel, transformQueryNames: String.camelToSnake }
  },
  "that pipelines": { client: { multiplex: true } },
  "of one connection": { client: { maxConnections: 1 }, store: { listen: false, pollInterval: "10 millis" } },
  "that prepares nothing": { client: { prepare: false } },
  "that reads bigint as a number": { client: { types: int8AsNumber() } }
}

const metadata = { actor: "ann", custom: { snake_case: { inner_key: 1 }, camelCase: { innerKey: 2 } } }

const inProcess = <E, R>(options: ProcessOptions, test: (process: Process) => Effect.Effect<void, E, R>) => () =>
  Effect.flatMap(startProcess(options), (process) => process.run(test(process)))

for (const [what, options] of Object.entries(clients)) {
  layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })(`a client ${what}`, (it) => {
    it.effect(
      "makes the tables, executes commands and tells of conflicts",
      inProcess(options, ({ lead }) =>
        Effect.gen(function*() {
          const id = freshId()
          yield* lead.execute(id, create)
          yield* lead.execute(id, close, { metadata })
          const store = yield* EventStore
          const named = { _tag: "NameChanged", name: "Bea" } as const
          const condition = AppendCondition.onlySince(1, ["StatusChanged"])
          const landed = yield* store.append(lead, id, [named], { condition })
          assert.deepStrictEqual(
            [landed.version, landed.missed.map(({ metadata, version }) => [version, metadata])],
            [3, [[2, metadata]]]
          )
          const conflict = yield* Effect.flip(lead.execute(id, followUp, { seen: 1 }))
          assert.instanceOf(conflict, Conflict)
          assert.deepStrictEqual([conflict.expected, conflict.actual, conflict.theirs.length], [1, 3, 2])
        }))
    )

    it.effect(
      "reads what was written",
      inProcess(options, ({ lead }) =>
        Effect.gen(function*() {
          const id = freshId()
          const created = yield* lead.execute(id, create)
          const named = yield* lead.execute(id, changeName("Bea"), { metadata })
          const store = yield* EventStore
          const written = [...created.events, ...named.events]
          assert.deepStrictEqual(yield* Stream.runCollect(store.read(lead, id)), written)
          const log = yield* Stream.runCollect(store.readAll([lead], { after: written[0]!.position - 1 }))
          assert.deepStrictEqual(log, written)
          const { position, state, version } = yield* lead.load(id)
          assert.deepStrictEqual([position, version, state.name], [written[1]!.position, 2, "Bea"])
        }))
    )

    it.effect(
      "follows the log",
      inProcess(options, () =>
        Effect.gen(function*() {
          const store = yield* EventStore
          const account = makeAccount(`Account-${freshId()}`)
          const subscriber = yield* Effect.forkChild(
            Stream.runCollect(Stream.take(store.subscribe([account]), 3))
          )
          for (const cents of [1, 2, 3]) yield* store.append(account, "1", [credited(cents)])
          const seen = yield* Fiber.join(subscriber)
          assert.deepStrictEqual(seen.map(({ event }) => event.cents), [1, 2, 3])
        }))
    )

    it.effect(
      "runs projections that write",
      inProcess(options, () =>
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const store = yield* EventStore
          const account = makeAccount(`Account-${freshId()}`)
          const table = sql(`sums_${freshId()}`)
          yield* sql`create table ${table} (total_cents integer)`
          const projection = Projection.make(`sums-${freshId()}`, {
            version: 1,
            from: [account],
            handle: (events) =>
              Effect.forEach(events, ({ event }) => sql`insert into ${table} values (${event.cents})`, {
                discard: true
              })
          })
          yield* store.append(account, "1", [credited(1)])
          yield* Projection.catchUp(projection)
          const { position } = yield* store.append(account, "1", [credited(2)])
          assert.strictEqual(yield* Projection.catchUp(projection), position)
          const [row] = yield* sql<{ readonly sum: number }>`select sum(total_cents)::integer as sum from ${table}`
          assert.strictEqual(row?.sum, 3)
        }))
    )

    it.effect(
      "appends in transactions of the user's own",
      inProcess(options, ({ lead }) =>
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const id = freshId()
          yield* sql.withTransaction(lead.execute(id, create))
          const undone = yield* Effect.flip(
            sql.withTransaction(Effect.andThen(lead.execute(id, close), Effect.fail("no")))
          )
          assert.strictEqual(undone, "no")
          assert.strictEqual((yield* lead.execute(id, followUp)).version, 2)
        }))
    )
  })
}

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("a client that pipelines", (it) => {
  it.effect("reads on while a command waits to append", () =>
    Effect.gen(function*() {
      const id = freshId()
      const other = yield* startProcess({ client: { multiplex: true } })
      yield* other.run(other.lead.execute(id, create))
      const transaction = yield* openTransaction
      yield* transaction.run(makeAccount().execute(id, { _tag: "Credit", cents: 1 }))
      const fiber = yield* Effect.forkChild(other.run(other.lead.execute(id, close)))
      yield* untilBlocked(other)
      const loads = yield* Effect.forEach(Array.from({ length: 100 }), () => other.run(other.lead.load(id)), {
        concurrency: "unbounded"
      }).pipe(Effect.timeoutOrElse({
        duration: "8 seconds",
        orElse: () => Effect.die(new Error("Reading waits for the command"))
      }))
      assert.deepStrictEqual(new Set(loads.map(({ version }) => version)), new Set([1]))
      yield* transaction.rollback
      assert.strictEqual((yield* Fiber.join(fiber)).version, 2)
    }))
})
