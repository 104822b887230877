import * as Effect from "effect/Effect"
import { EventStoreError, InvalidStreamId } from "../EventStoreError.ts"
import * as StreamId from "../StreamId.ts"

/** The stream of the current tenant, if every engine can store its name. */
export const streamId = (category: string, id: string): Effect.Effect<StreamId.StreamId, EventStoreError> =>
  Effect.flatMap(StreamId.Tenant, (tenant) => {
    const stream = { tenant, category, id }
    const problem = StreamId.problem(stream)
    return problem === undefined
      ? Effect.succeed(stream)
      : Effect.fail(new EventStoreError({ reason: new InvalidStreamId({ stream, problem }) }))
  })
