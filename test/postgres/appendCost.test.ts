import { assert, layer } from "@effect/vitest"
import { PgEventStore } from "@refold/sql-pg"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { Aggregate, EventStore } from "refold"
import * as TestDatabase from "../support/TestDatabase.ts"

const Counter = Aggregate.make("Counter", {
  command: Schema.TaggedUnion({ Count: {} }),
  event: Schema.TaggedUnion({ Counted: {} }),
  state: Schema.Int,
  initial: 0,
  decide: () => [{ _tag: "Counted" }],
  evolve: (count) => count + 1,
  conflicts: "commutes"
})

// one connection, so that the plans asked for are those that the appends were made with
const store = PgEventStore.layer({ listen: false }).pipe(
  Layer.provideMerge(TestDatabase.client({ maxConnections: 1 })),
  Layer.provide(Layer.effect(TestDatabase.TestDatabase, TestDatabase.make))
)

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("the cost of an append", (it) => {
  it.effect("is the same few pages, however many streams and events there are", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const pages = Effect.gen(function*() {
        const id = crypto.randomUUID()
        const none = 2n ** 53n - 1n
        const plan = yield* sql<{ "QUERY PLAN": string }>`explain (analyze, buffers) select * from refold.append(
          true, false, ${[1]}::integer[], ${["default"]}::text[], ${["Counter"]}::text[],
          ${[id]}::text[], ${[0n]}::bigint[], ${[none]}::bigint[], ${[0n]}::bigint[], ${["[]"]}::text[],
          ${[id]}::uuid[], ${["Counted"]}::text[], ${[1]}::integer[], ${["{}"]}::text[], ${["{}"]}::text[])`
        const [, hits] = /Buffers: shared hit=(\d+)/.exec(plan.map((row) => row["QUERY PLAN"]).join("\n")) ?? []
        return Number(hits)
      })
      const append = (id: string, events: number) =>
        EventStore.append(Counter, id, Array.from({ length: events }, () => ({ _tag: "Counted" as const })))
      yield* Effect.forEach(Array.from({ length: 20 }, (_, n) => n), (n) => append(`few-${n}`, 1))
      const few = yield* pages
      yield* Effect.forEach(Array.from({ length: 300 }, (_, n) => n), (n) => append(`many-${n}`, 20))
      const many = yield* pages
      assert.isAbove(few, 0)
      assert.isBelow(many, few + 20)
    }))
})
