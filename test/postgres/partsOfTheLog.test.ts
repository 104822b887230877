import { assert, layer } from "@effect/vitest"
import { PgEventStore } from "@refold/sql-pg"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { EventStore } from "refold/EventStore"
import * as TestDatabase from "../support/TestDatabase.ts"
import { credited, makeAccount } from "./fixtures/domain.ts"

/** One connection, so that it tells what its statements have read. */
const oneConnection = PgEventStore.layer({ listen: false, pollInterval: "20 millis" }).pipe(
  Layer.provideMerge(TestDatabase.client({ maxConnections: 1 })),
  Layer.provideMerge(Layer.effect(TestDatabase.TestDatabase, TestDatabase.make))
)

const rare = makeAccount("Rare")

layer(oneConnection, { excludeTestServices: true, timeout: "60 seconds" })(
  "a long log with few events of a kind",
  (it) => {
    it.effect("is looked through in parts, no statement for long, and all of it is read", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const store = yield* EventStore
        const append = store.append(rare, "1", [credited(1)])
        yield* append
        yield* sql`insert into refold.events
          (position, tenant, category, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
        select n, 'default', 'Common', 'all', n, gen_random_uuid(), 'Credited', 1, '{}', '{}', now()
        from generate_series(2, 120000) n`
        // a gap does not count
        yield* sql`select setval('refold.positions', 90000000000)`
        yield* append
        const read = Effect.gen(function*() {
          yield* sql`select pg_stat_force_next_flush()`
          const [row] = yield* sql<{ readonly read: number }>`select sum(idx_tup_read)::int as read
          from pg_stat_user_indexes where relname = 'events'`
          return row?.read ?? 0
        })
        const before = yield* read
        const [first] = yield* Stream.runCollect(
          Stream.take(store.batches([rare], { follow: false, tenants: "all" }), 1)
        )
        assert.isAtMost((yield* read) - before, 101_000)
        assert.strictEqual(first?.events.length, 1)
        const ends = yield* Stream.runCollect(
          Stream.map(
            store.batches([rare], { follow: false, tenants: "all" }),
            ({ end, events }) => [end, events.length]
          )
        )
        assert.deepStrictEqual(ends, [[100_001, 1], [200_002, 0], [90_000_000_001, 1]])
        assert.strictEqual((yield* Stream.runCollect(store.readAll([rare]))).length, 2)
        const upTo = yield* Stream.runCollect(store.batches([rare], { follow: false, tenants: "all", upTo: 110_000 }))
        assert.deepStrictEqual(upTo.map(({ end }) => end), [100_001, 110_000])
        const follower = yield* Effect.forkChild(Stream.runCollect(Stream.take(store.subscribe([rare]), 3)))
        yield* append
        assert.deepStrictEqual((yield* Fiber.join(follower)).map(({ version }) => version), [1, 2, 3])
      }), 30_000)
  }
)
