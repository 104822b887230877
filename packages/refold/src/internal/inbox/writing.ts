import * as Effect from "effect/Effect"
import { EventStore } from "../../EventStore.ts"
import type { EventStoreError } from "../../EventStoreError.ts"
import type { Metadata } from "../../Metadata.ts"
import type { Appended } from "../../RecordedEvent.ts"
import * as DerivedIds from "../store/derivedIds.ts"
import { streamId } from "../store/naming.ts"
import type { Entries, Event } from "./entries.ts"

/** Of what is in the log of a command. */
type Of = { readonly id: string; readonly commandId: string }

/** What an event is to a command: that it was submitted at all, or what became of it as it was accepted at a position. */
type Role =
  | readonly ["submitted"]
  | readonly [outcome: "appended" | "nothing appended", submittedAt: number]

/** The ids of events follow from what they are: there is one of each. */
const eventId = Effect.fnUntraced(function*(entries: Entries, { commandId, id }: Of, role: Role) {
  const { category, tenant } = yield* streamId(entries.category, id)
  return (yield* DerivedIds.make([tenant, category, id, commandId, ...role.map(String)]))(0)
})

/** The ids of all that is in the log of a command that was accepted at a position. */
export const eventIds = (
  entries: Entries,
  { position, ...of }: Of & { readonly position: number }
): Effect.Effect<ReadonlyArray<string>, EventStoreError> =>
  Effect.all([
    eventId(entries, of, ["submitted"]),
    eventId(entries, of, ["appended", position]),
    eventId(entries, of, ["nothing appended", position])
  ])

/** Where an event is, and whether it was there before. */
export type Written = Pick<Appended<Event>, "position" | "version" | "repeated">

/** Writes an event of a command down, unless it is there: then it is as it was the first time. */
export const write = Effect.fnUntraced(function*(
  entries: Entries,
  id: string,
  event: Event,
  role: Role,
  metadata: Metadata | undefined
): Effect.fn.Return<Written, EventStoreError, EventStore> {
  const store = yield* EventStore
  const { commandId } = event
  const once = yield* eventId(entries, { id, commandId }, role)
  const appended = store.append(entries, id, [event], { eventIds: [once], metadata: { commandId, ...metadata } })
  return yield* Effect.catchTag(appended, "AppendConditionFailed", Effect.die).pipe(
    Effect.catchReason("EventStoreError", "EventIdTaken", (_, error) =>
      Effect.flatMap(
        store.find(entries, id, once),
        (found) => found === undefined ? Effect.fail(error) : Effect.succeed({ ...found, repeated: true })
      ))
  )
})

/** Whether what was submitted is there. */
export const isSubmitted = Effect.fnUntraced(
  function*(entries: Entries, of: Of): Effect.fn.Return<boolean, EventStoreError, EventStore> {
    const store = yield* EventStore
    return (yield* store.find(entries, of.id, yield* eventId(entries, of, ["submitted"]))) !== undefined
  }
)
