import { assert, layer } from "@effect/vitest"
import { PgEventStore } from "@refold/sql-pg"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { ProjectionStore } from "refold/ProjectionStore"
import * as TestDatabase from "../support/TestDatabase.ts"

// one connection, so that the plan asked for is the one that was made when there were no rows
const store = PgEventStore.layer({ listen: false }).pipe(
  Layer.provideMerge(TestDatabase.client({ maxConnections: 1 })),
  Layer.provide(Layer.effect(TestDatabase.TestDatabase, TestDatabase.make))
)

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("the cost of a view's rows", (it) => {
  it.effect("is that of the rows which are asked for, however many there are", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const projections = yield* ProjectionStore
      const view = { name: "sums", version: 1 }
      const wanted = Array.from({ length: 50 }, (_, index) => ({ tenant: "default", key: `row-${index}` }))
      const pages = Effect.gen(function*() {
        assert.strictEqual((yield* projections.rows(view, wanted)).length, wanted.length)
        const plan = yield* sql<{ "QUERY PLAN": string }>`explain (analyze, buffers)
          select * from refold.rows_of(${view.name}, ${view.version},
            ${wanted.map(({ tenant }) => tenant)}::text[], ${wanted.map(({ key }) => key)}::text[])`
        const [, hits] = /Buffers: shared hit=(\d+)/.exec(plan.map((row) => row["QUERY PLAN"]).join("\n")) ?? []
        return Number(hits)
      })
      const save = (from: number, to: number) =>
        projections.saveRows(
          view,
          Array.from({ length: to - from }, (_, index) => ({
            tenant: "default",
            key: `row-${from + index}`,
            position: from + index + 1,
            state: "1"
          }))
        )
      assert.deepStrictEqual(yield* projections.rows(view, wanted), [])
      yield* save(0, 50)
      yield* pages
      const few = yield* pages
      yield* save(50, 5_000)
      yield* pages
      const many = yield* pages
      assert.isAbove(few, 0)
      assert.isBelow(many, 4 * few)
    }))
})
