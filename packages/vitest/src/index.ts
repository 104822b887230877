/**
 * Tests for event stores, and conflict tables to look at.
 *
 * @since 0.1.0
 */
export * as ConflictMatrix from "./ConflictMatrix.ts"
export * as StoreConformance from "./StoreConformance.ts"
export * as StoreModel from "./StoreModel.ts"
