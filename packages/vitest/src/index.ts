/**
 * Tests for aggregates, views and event stores.
 *
 * @since 0.1.0
 */
export * as Given from "./Given.ts"
export * as StoreConformance from "./StoreConformance.ts"
export * as StoreModel from "./StoreModel.ts"
