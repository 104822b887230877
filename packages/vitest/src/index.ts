/**
 * Tests for aggregates, views and event stores, and conflict tables to look at.
 *
 * @since 0.1.0
 */
export * as AggregateLaws from "./AggregateLaws.ts"
export * as ConflictMatrix from "./ConflictMatrix.ts"
export * as DescribeAggregate from "./DescribeAggregate.ts"
export * as DescribeGoldenEvents from "./DescribeGoldenEvents.ts"
export * as Given from "./Given.ts"
export * as GoldenEvents from "./GoldenEvents.ts"
export * as StoreConformance from "./StoreConformance.ts"
export * as StoreModel from "./StoreModel.ts"
