import { PgEventStore } from "@refold/sql-pg"
import { storeConformance } from "@refold/vitest/StoreConformance"
import * as Layer from "effect/Layer"
import * as TestDatabase from "./support/TestDatabase.ts"

storeConformance("an event store on PostgreSQL", Layer.provide(PgEventStore.layer(), TestDatabase.layer))
