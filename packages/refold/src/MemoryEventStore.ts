/**
 * An event store in memory, for tests and experiments.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as EventStore from "./EventStore.ts"
import * as MemoryDriver from "./internal/memory/driver.ts"
import * as MemoryProjections from "./internal/memory/projections.ts"
import { ProjectionStore } from "./ProjectionStore.ts"

/**
 * An empty store that lives as long as the layer. It keeps events as JSON, as a database does, and has no transactions:
 * what a projection's handler has done before it fails is not undone.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<EventStore.EventStore | ProjectionStore> = Layer.effectContext(Effect.gen(function*() {
  const driver = yield* MemoryDriver.make
  return Context.make(EventStore.EventStore, EventStore.make(driver)).pipe(
    Context.add(ProjectionStore, yield* MemoryProjections.make(driver))
  )
}))
