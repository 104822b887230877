import { storeConformance } from "@refold/vitest/StoreConformance"
import { MemoryEventStore } from "refold"

storeConformance("an event store in memory", MemoryEventStore.layer)
