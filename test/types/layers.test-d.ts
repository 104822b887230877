import type * as PgClient from "@effect/sql-pg/PgClient"
import { PgEventStore } from "@refold/sql-pg"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { MigrationError } from "effect/sql/Migrator"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { MemoryEventStore } from "refold"
import type { EventStore } from "refold/EventStore"
import type { ProjectionStore } from "refold/ProjectionStore"
import { expectTypeOf, test } from "vitest"
import { Account, Lead } from "./fixtures.ts"

test("the store in memory needs nothing and cannot fail", () => {
  expectTypeOf(MemoryEventStore.layer).toEqualTypeOf<Layer.Layer<EventStore | ProjectionStore, never, never>>()
})

test("the store on PostgreSQL needs a client, and can fail to reach or prepare the database", () => {
  expectTypeOf(PgEventStore.layer()).toEqualTypeOf<
    Layer.Layer<EventStore | ProjectionStore, SqlError | MigrationError, PgClient.PgClient | SqlClient>
  >()
  expectTypeOf(PgEventStore.layer).parameter(0).toEqualTypeOf<PgEventStore.Options | undefined>()
})

test("nothing but the layer changes between the two", () => {
  const program = Effect.andThen(
    Account.execute("1", { _tag: "Credit", cents: 1 }),
    Lead.execute("1", { _tag: "ChangeName", name: "Ann" })
  )
  const inMemory = Effect.provide(program, MemoryEventStore.layer)
  const onPostgres = Effect.provide(program, PgEventStore.layer())
  expectTypeOf<Effect.Services<typeof inMemory>>().toEqualTypeOf<never>()
  expectTypeOf<Effect.Services<typeof onPostgres>>().toEqualTypeOf<PgClient.PgClient | SqlClient>()
  expectTypeOf<Effect.Success<typeof onPostgres>>().toEqualTypeOf<Effect.Success<typeof inMemory>>()
  expectTypeOf<Effect.Error<typeof onPostgres>>().toEqualTypeOf<
    Effect.Error<typeof inMemory> | SqlError | MigrationError
  >()
})
