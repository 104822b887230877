import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import { EventStoreError, InvalidStreamId } from "../../EventStoreError.ts"
import * as StreamId from "../../StreamId.ts"

/** The stream of the fiber's tenant, if every engine can store its name. */
export const streamIn = (
  fiber: Fiber.Fiber<unknown, unknown>,
  category: string,
  id: string
): Result.Result<StreamId.StreamId, EventStoreError> => {
  const stream = { tenant: fiber.getRef(StreamId.Tenant), category, id }
  const problem = StreamId.problem(stream)
  return problem === undefined
    ? Result.succeed(stream)
    : Result.fail(new EventStoreError({ reason: new InvalidStreamId({ stream, problem }) }))
}

export const streamId = (category: string, id: string): Effect.Effect<StreamId.StreamId, EventStoreError> =>
  Effect.withFiber((fiber) => Effect.fromResult(streamIn(fiber, category, id)))

/** The tenant to read these streams for. Where there is none on purpose, who forgot to say whose they are is told. */
export const tenantFor = (category: string): Effect.Effect<string, EventStoreError> =>
  Effect.map(streamId(category, "*"), ({ tenant }) => tenant)

/** What a stream is called among the lines of its aggregate. */
export const lineName = ({ id, tenant }: StreamId.StreamId): string => `${tenant}\0${id}`
