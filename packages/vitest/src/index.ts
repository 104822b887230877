/**
 * Tests for aggregates, views and event stores, and for what is in them.
 *
 * @since 0.1.0
 */
export * as DescribeGoldenEvents from "./DescribeGoldenEvents.ts"
export * as Given from "./Given.ts"
export * as GoldenEvents from "./GoldenEvents.ts"
export * as StoreConformance from "./StoreConformance.ts"
export * as StoreModel from "./StoreModel.ts"
