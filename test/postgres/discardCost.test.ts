import { assert, layer } from "@effect/vitest"
import { PgEventStore } from "@refold/sql-pg"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { EventStore } from "refold"
import * as TestDatabase from "../support/TestDatabase.ts"
import { credited, freshId, makeAccount } from "./fixtures/domain.ts"

const account = makeAccount("Account")

// one connection, so that the plans asked for are those that events were discarded with
const store = PgEventStore.layer({ listen: false }).pipe(
  Layer.provideMerge(TestDatabase.client({ maxConnections: 1 })),
  Layer.provide(Layer.effect(TestDatabase.TestDatabase, TestDatabase.make))
)

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("the cost of discarding", (it) => {
  it.effect("is the same few pages for an event, however many there are", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const append = (events: number) =>
        EventStore.append(account, freshId(), Array.from({ length: events }, () => credited(1)))
      const pages = Effect.gen(function*() {
        const { events: [first] } = yield* append(2)
        const plan = yield* sql<{ "QUERY PLAN": string }>`explain (analyze, buffers)
          select refold.discard('default', 'Account', ${[first!.id]}::uuid[], 9007199254740991)`
        const [, hits] = /Buffers: shared hit=(\d+)/.exec(plan.map((row) => row["QUERY PLAN"]).join("\n")) ?? []
        return Number(hits)
      })
      yield* append(20)
      // the first one of a session has plans to make
      yield* pages
      const few = yield* pages
      for (let n = 0; n < 20; n++) yield* append(500)
      const many = yield* pages
      assert.isAbove(few, 0)
      assert.isBelow(many, few + 20)
    }))
})
