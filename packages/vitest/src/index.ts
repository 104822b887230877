/**
 * Tests for event stores.
 *
 * @since 0.1.0
 */
export * as StoreConformance from "./StoreConformance.ts"
export * as StoreModel from "./StoreModel.ts"
