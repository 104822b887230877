/** An aggregate whose instances have values of their own. */
import { assert } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import * as EventStore from "refold/EventStore"
import * as Unique from "refold/Unique"

const definition = {
  command: Schema.TaggedUnion({
    SetEmail: { email: Schema.String },
    SetPhones: { phones: Schema.Array(Schema.String) },
    Rename: { name: Schema.String },
    Archive: {},
    Restore: {}
  }),
  event: Schema.TaggedUnion({
    EmailSet: { email: Schema.String },
    PhonesSet: { phones: Schema.Array(Schema.String) },
    Renamed: { name: Schema.String },
    Archived: {},
    Restored: {}
  }),
  state: Schema.Struct({
    email: Schema.String,
    phones: Schema.Array(Schema.String),
    name: Schema.String,
    isArchived: Schema.Boolean
  }),
  initial: { email: "", phones: [], name: "", isArchived: false }
}
export type Command = typeof definition.command.Type
type Event = typeof definition.event.Type
type State = typeof definition.state.Type

const decide = (command: Command, state: State): ReadonlyArray<Event> => {
  switch (command._tag) {
    case "SetEmail":
      return command.email === state.email ? [] : [{ _tag: "EmailSet", email: command.email }]
    case "SetPhones":
      return [{ _tag: "PhonesSet", phones: command.phones }]
    case "Rename":
      return [{ _tag: "Renamed", name: command.name }]
    case "Archive":
      return [{ _tag: "Archived" }]
    case "Restore":
      return [{ _tag: "Restored" }]
  }
}

const evolve = (state: State, event: Event): State => {
  switch (event._tag) {
    case "EmailSet":
      return { ...state, email: event.email }
    case "PhonesSet":
      return { ...state, phones: event.phones }
    case "Renamed":
      return { ...state, name: event.name }
    case "Archived":
      return { ...state, isArchived: true }
    case "Restored":
      return { ...state, isArchived: false }
  }
}

/** Its e-mail is its own as long as it is not archived; an e-mail commutes with being archived. */
export const makePerson = (category: string) =>
  Aggregate.make(category, {
    ...definition,
    decide,
    evolve,
    conflicts: {
      EmailSet: { collides: ["EmailSet"] },
      PhonesSet: { redecides: ["PhonesSet"] },
      Renamed: "commutes",
      Archived: "commutes",
      Restored: "commutes"
    },
    unique: {
      email: ({ email, isArchived }) => isArchived ? undefined : email.toLowerCase(),
      phone: ({ phones }) => phones
    }
  })

/** The same before anybody thought of a rule. */
export const makeLawless = (category: string) =>
  Aggregate.make(category, { ...definition, decide, evolve, conflicts: "commutes" })

export const setEmail = (email: string): Command => ({ _tag: "SetEmail", email })
export const rename = (name: string): Command => ({ _tag: "Rename", name })
export const archive: Command = { _tag: "Archive" }
export const restore: Command = { _tag: "Restore" }

export const notUnique = <A, E>(
  result: Result.Result<A, E>
): readonly [rule: string, value: string, holder: string] => {
  const error = Result.isFailure(result) ? result.failure : undefined
  assert.instanceOf(error, Unique.NotUnique)
  return [error.rule, error.value, error.holder]
}

/** Runs an effect, as a slow process would, up to its first append of several events, or one that claims or releases. */
export const heldAtAppend = Effect.fnUntraced(function*<A, E>(self: Effect.Effect<A, E, EventStore.EventStore>) {
  const store = yield* EventStore.EventStore
  const arrived = yield* Deferred.make<void>()
  const gate = yield* Deferred.make<void>()
  const wait = Effect.andThen(Deferred.succeed(arrived, undefined), Deferred.await(gate))
  const held: EventStore.EventStore["Service"] = {
    ...store,
    append: (source, id, events, options) =>
      Effect.andThen(events.length > 1 ? wait : Effect.void, store.append(source, id, events, options)),
    appendAll: (appends, options) => Effect.andThen(wait, store.appendAll(appends, options))
  }
  const fiber = yield* Effect.forkChild(Effect.provideService(self, EventStore.EventStore, held))
  yield* Deferred.await(arrived)
  return { fiber, pass: Deferred.succeed(gate, undefined) }
})
