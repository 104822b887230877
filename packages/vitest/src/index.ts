/**
 * Tests for aggregates and for event stores, and conflict tables to look at.
 *
 * @since 0.1.0
 */
export * as AggregateLaws from "./AggregateLaws.ts"
export * as ConflictMatrix from "./ConflictMatrix.ts"
export * as DescribeAggregate from "./DescribeAggregate.ts"
export * as StoreConformance from "./StoreConformance.ts"
export * as StoreModel from "./StoreModel.ts"
