/**
 * Event sourcing for TypeScript on Effect.
 *
 * @since 0.1.0
 */
export * as Aggregate from "./Aggregate.ts"
export * as AppendCondition from "./AppendCondition.ts"
export * as Conflict from "./Conflict.ts"
export * as Conflicts from "./Conflicts.ts"
export * as Decider from "./Decider.ts"
export * as EventCodec from "./EventCodec.ts"
export * as EventSource from "./EventSource.ts"
export * as EventStore from "./EventStore.ts"
export * as EventStoreDriver from "./EventStoreDriver.ts"
export * as EventStoreError from "./EventStoreError.ts"
export * as Lock from "./Lock.ts"
export * as MemoryEventStore from "./MemoryEventStore.ts"
export * as Metadata from "./Metadata.ts"
export * as Projection from "./Projection.ts"
export * as Projections from "./Projections.ts"
export * as ProjectionStore from "./ProjectionStore.ts"
export * as Rebuild from "./Rebuild.ts"
export * as RecordedEvent from "./RecordedEvent.ts"
export * as Snapshots from "./Snapshots.ts"
export * as StreamId from "./StreamId.ts"
export * as Tuning from "./Tuning.ts"
export * as Upcast from "./Upcast.ts"
export * as View from "./View.ts"
export * as Views from "./Views.ts"
