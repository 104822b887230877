/**
 * What every event store must do, as tests: run it against an engine of your own.
 *
 * @since 0.1.0
 */
import { layer } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import type * as Layer from "effect/Layer"
import type { EventStore } from "refold/EventStore"
import type { ProjectionStore } from "refold/ProjectionStore"
import { acting } from "./internal/conformance/acting.ts"
import { answering } from "./internal/conformance/answering.ts"
import { appending } from "./internal/conformance/appending.ts"
import { changing } from "./internal/conformance/changing.ts"
import { claiming } from "./internal/conformance/claiming.ts"
import { discarding } from "./internal/conformance/discarding.ts"
import { executing } from "./internal/conformance/executing.ts"
import { following } from "./internal/conformance/following.ts"
import { freshness } from "./internal/conformance/freshness.ts"
import { inbox } from "./internal/conformance/inbox.ts"
import { inlining } from "./internal/conformance/inlining.ts"
import { interrupting } from "./internal/conformance/interrupting.ts"
import { judging } from "./internal/conformance/judging.ts"
import { limits } from "./internal/conformance/limits.ts"
import { locking } from "./internal/conformance/locking.ts"
import { modelling } from "./internal/conformance/modelling.ts"
import { once } from "./internal/conformance/once.ts"
import { parking } from "./internal/conformance/parking.ts"
import { pendingTimers } from "./internal/conformance/pendingTimers.ts"
import { racing } from "./internal/conformance/racing.ts"
import { reacting } from "./internal/conformance/reacting.ts"
import { reading } from "./internal/conformance/reading.ts"
import { rebuilding } from "./internal/conformance/rebuilding.ts"
import { repeating } from "./internal/conformance/repeating.ts"
import { retaining } from "./internal/conformance/retaining.ts"
import { saving } from "./internal/conformance/saving.ts"
import { severalStreams } from "./internal/conformance/severalStreams.ts"
import { snapshotting } from "./internal/conformance/snapshotting.ts"
import { tenants } from "./internal/conformance/tenants.ts"
import { timing } from "./internal/conformance/timing.ts"
import { travelling } from "./internal/conformance/travelling.ts"
import { upcasting } from "./internal/conformance/upcasting.ts"
import { viewing } from "./internal/conformance/viewing.ts"
import { workers } from "./internal/conformance/workers.ts"

/**
 * Registers the conformance tests for a store. Tests use streams and categories of their own, so the store may be shared
 * and need not be empty.
 *
 * **Example**
 *
 * ```ts
 * import { MemoryEventStore } from "refold"
 * import { storeConformance } from "@refold/vitest/StoreConformance"
 *
 * storeConformance("in memory", MemoryEventStore.layer)
 * ```
 *
 * @category testing
 * @since 0.1.0
 */
export const storeConformance = <E>(
  name: string,
  store: Layer.Layer<EventStore | ProjectionStore, E>,
  options?: {
    /** How long the layer may take to build; 60 seconds by default. */
    readonly timeout?: Duration.Input
  }
): void =>
  layer(store, { excludeTestServices: true, timeout: options?.timeout ?? "60 seconds" })(name, (it) => {
    appending(it)
    repeating(it)
    severalStreams(it)
    reading(it)
    executing(it)
    claiming(it)
    racing(it)
    judging(it)
    saving(it)
    snapshotting(it)
    travelling(it)
    upcasting(it)
    locking(it)
    following(it)
    discarding(it)
    once(it)
    inbox(it)
    answering(it)
    retaining(it)
    reacting(it)
    acting(it)
    timing(it)
    pendingTimers(it)
    workers(it)
    parking(it)
    rebuilding(it)
    viewing(it)
    freshness(it)
    changing(it)
    inlining(it)
    tenants(it)
    modelling(it)
    interrupting(it)
    limits(it)
  })
