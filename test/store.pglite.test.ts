import { PglitePgClient } from "@refold/pglite"
import { PgEventStore } from "@refold/sql-pg"
import { storeConformance } from "@refold/vitest/StoreConformance"
import * as Layer from "effect/Layer"

storeConformance("an event store on PGlite", Layer.provide(PgEventStore.layer(), PglitePgClient.layer()))
