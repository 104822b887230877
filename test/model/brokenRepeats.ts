/** Stores that are wrong about event ids, in ways that a client which appends but once does not notice. */
import * as Effect from "effect/Effect"
import { any } from "refold/AppendCondition"
import { appending } from "./brokenStores.ts"

/** What is repeated is appended once more, under new ids. */
export const appendsRepetitions = appending(({ append, events, options }) =>
  Effect.flatMap(
    append(events, options),
    (appended) =>
      appended.repeated ? append(events, { ...options, condition: any, eventIds: undefined }) : Effect.succeed(appended)
  )
)

/** New ids are made, whatever ids are given. */
export const ignoresIds = appending(({ append, events, options }) =>
  append(events, { ...options, eventIds: undefined })
)

/** Whoever comes with an id that is there is told so, whatever else is there under it. */
export const takesAllForRepetitions = appending(({ append, events, options }) =>
  Effect.catchReason(
    append(events, options),
    "EventStoreError",
    "EventIdTaken",
    () =>
      Effect.map(append([], { ...options, condition: any, eventIds: undefined }), (there) => ({
        ...there,
        repeated: true
      }))
  )
)

/** A refusal is taken for a sign that it was there before. */
export const takesRefusalsForRepetitions = appending(({ append, events, options }) =>
  Effect.catchTag(append(events, options), "AppendConditionFailed", (refusal) =>
    options.eventIds === undefined
      ? Effect.fail(refusal)
      : Effect.map(append([], { condition: any }), (there) => ({ ...there, repeated: true })))
)

/** The condition is checked before anybody looks whether the events are there already. */
export const refusesRepetitions = appending(({ append, events, options }) =>
  Effect.andThen(append([], { ...options, eventIds: undefined }), append(events, options))
)

/** A repetition is not told from what was appended now. */
export const deniesRepetitions = appending(({ append, events, options }) =>
  Effect.map(append(events, options), (appended) => ({ ...appended, repeated: false }))
)
