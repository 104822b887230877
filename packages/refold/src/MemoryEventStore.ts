/**
 * An event store in memory, for tests and experiments.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Checkpoints from "./Checkpoints.ts"
import * as EventStore from "./EventStore.ts"
import * as MemoryDriver from "./internal/memory/driver.ts"

/**
 * An empty store that lives as long as the layer. It keeps events as JSON, as a database does, and has no transactions:
 * what a projection's handler has done before it fails is not undone.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<EventStore.EventStore | Checkpoints.Checkpoints> = Layer.mergeAll(
  Layer.effect(EventStore.EventStore, Effect.map(MemoryDriver.make, EventStore.make)),
  Checkpoints.layerMemory
)
