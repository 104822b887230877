/**
 * What is known about a recorded event besides what happened: who caused it, and as part of what.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"

/**
 * Stored beside every event. All of it is optional; `custom` takes anything that is JSON.
 *
 * **Details**
 *
 * `actor` is who did it, `commandId` the command it came from, `correlationId` what the whole conversation shares,
 * `causationId` the event or command right before it, `traceId` and `spanId` the trace it was written under.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Metadata = Schema.Struct({
  actor: Schema.optionalKey(Schema.String),
  commandId: Schema.optionalKey(Schema.String),
  correlationId: Schema.optionalKey(Schema.String),
  causationId: Schema.optionalKey(Schema.String),
  traceId: Schema.optionalKey(Schema.String),
  spanId: Schema.optionalKey(Schema.String),
  custom: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json))
})

/**
 * Stored beside every event: see the schema of the same name.
 *
 * @category models
 * @since 0.1.0
 */
export type Metadata = typeof Metadata.Type

/**
 * Metadata given to every event appended by the current fiber and its children. What is passed to a single `execute` or
 * `append` wins over it, key by key.
 *
 * @category references
 * @since 0.1.0
 */
export const Current = Context.Reference<Metadata>("refold/Metadata/Current", { defaultValue: () => ({}) })

/**
 * What a fiber would store beside an event: the trace it runs under, what it carries, and what is given over that.
 *
 * @category getters
 * @since 0.1.0
 */
export const gather = (fiber: Fiber.Fiber<unknown, unknown>, given: Metadata | undefined): Metadata => {
  const { span } = fiber.cache
  const current = fiber.getRef(Current)
  return span === undefined
    ? given === undefined ? current : { ...current, ...given }
    : { traceId: span.traceId, spanId: span.spanId, ...current, ...given }
}
