import { assert, type Vitest } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import { Conflict } from "refold/Conflict"
import { EventStore } from "refold/EventStore"
import type { ProjectionStore } from "refold/ProjectionStore"

export type Services = EventStore | ProjectionStore

/** The test API inside a layer that provides a store. */
export type It = Vitest.MethodsNonLive<Services>

/** An id no other test has used, so that tests may share a database. */
export const freshId = (): string => globalThis.crypto.randomUUID()

/** As many ids. */
export const freshIds = (count: number): ReadonlyArray<string> => Array.from({ length: count }, freshId)

const status = Schema.Literals(["Available", "FollowUp", "Closed"])

export class LeadUnknown extends Data.TaggedError("LeadUnknown")<{}> {}

/** A lead as in the design of the conflict rules; every call makes one that shares nothing in the process with others. */
export const makeLead = (category: string) =>
  Aggregate.make(category, {
    command: Schema.TaggedUnion({
      Initialize: { name: Schema.String },
      ChangeName: { name: Schema.String },
      ChangeStatus: { status },
      SetFollowup: { on: Schema.String },
      DoNothing: {}
    }),
    event: Schema.TaggedUnion({
      LeadInitialized: { name: Schema.String },
      NameChanged: { name: Schema.String },
      StatusChanged: { status },
      FollowupSet: { on: Schema.String }
    }),
    state: Schema.Struct({ name: Schema.String, status, followup: Schema.String, exists: Schema.Boolean }),
    initial: { name: "", status: "Available", followup: "", exists: false },
    decide: (command, state) => {
      if (command._tag === "DoNothing") return []
      if (command._tag === "Initialize") return [{ _tag: "LeadInitialized", name: command.name }]
      if (!state.exists) return Result.fail(new LeadUnknown())
      switch (command._tag) {
        case "ChangeName":
          return [{ _tag: "NameChanged", name: command.name }]
        case "ChangeStatus":
          return [{ _tag: "StatusChanged", status: command.status }]
        case "SetFollowup":
          return [{ _tag: "FollowupSet", on: command.on }]
      }
    },
    evolve: (state, event) => {
      switch (event._tag) {
        case "LeadInitialized":
          return { ...state, exists: true, name: event.name }
        case "NameChanged":
          return { ...state, name: event.name }
        case "StatusChanged":
          return { ...state, status: event.status }
        case "FollowupSet":
          return { ...state, followup: event.on }
      }
    },
    conflicts: {
      LeadInitialized: "collides",
      NameChanged: { collides: ["NameChanged"] },
      StatusChanged: { collides: ["StatusChanged", "FollowupSet"] },
      FollowupSet: { collides: ["StatusChanged", "FollowupSet"] }
    }
  })

export class InsufficientFunds extends Data.TaggedError("InsufficientFunds")<{ readonly missing: number }> {}

/** An account that must never be overdrawn: a debit that meets another decides again. */
export const makeAccount = (category: string) =>
  Aggregate.make(category, {
    command: Schema.TaggedUnion({ Credit: { cents: Schema.Int }, Debit: { cents: Schema.Int } }),
    event: Schema.TaggedUnion({ Credited: { cents: Schema.Int }, Debited: { cents: Schema.Int } }),
    state: Schema.Int,
    initial: 0,
    decide: (command, balance) => {
      if (command._tag === "Credit") return [{ _tag: "Credited", cents: command.cents }]
      return balance < command.cents
        ? Result.fail(new InsufficientFunds({ missing: command.cents - balance }))
        : [{ _tag: "Debited", cents: command.cents }]
    },
    evolve: (balance, event) => event._tag === "Credited" ? balance + event.cents : balance - event.cents,
    conflicts: { Credited: "commutes", Debited: { redecides: ["Debited"] } }
  })

export const Lead = makeLead("Lead")
export const Account = makeAccount("Account")

export const renamed = (name: string) => ({ _tag: "NameChanged" as const, name })
export const closed = { _tag: "StatusChanged" as const, status: "Closed" as const }
export const credited = (cents: number) => ({ _tag: "Credited" as const, cents })

/**
 * Runs an effect up to its first append and holds it there: it has loaded and decided, as a slow process has. `pass` lets
 * the append go.
 */
export const heldAtAppend = Effect.fnUntraced(function*<A, E, R>(self: Effect.Effect<A, E, R | EventStore>) {
  const store = yield* EventStore
  const arrived = yield* Deferred.make<void>()
  const gate = yield* Deferred.make<void>()
  const held: EventStore["Service"] = {
    ...store,
    append: (source, id, events, options) =>
      Deferred.succeed(arrived, undefined).pipe(
        Effect.andThen(Deferred.await(gate)),
        Effect.andThen(store.append(source, id, events, options))
      )
  }
  const context = Context.add(yield* Effect.context<R>(), EventStore, held)
  const fiber = yield* Effect.forkChild(Effect.provideContext(self, context))
  yield* Deferred.await(arrived)
  return { fiber, pass: Deferred.succeed(gate, undefined) }
})

export const changeName = (name: string) => ({ _tag: "ChangeName" as const, name })
export const close = { _tag: "ChangeStatus" as const, status: "Closed" as const }
export const followUp = { _tag: "SetFollowup" as const, on: "2026-12-01" }

/** A lead named Ann, at version 1. */
export const createLead = Effect.gen(function*() {
  const id = freshId()
  yield* Lead.execute(id, { _tag: "Initialize", name: "Ann" })
  return id
})

/** The conflict with which a command must have ended. */
export const conflictOf = <A, E>(result: Result.Result<A, E>): Conflict<{ readonly _tag: string }> => {
  const error = Result.isFailure(result) ? result.failure : undefined
  assert.instanceOf(error, Conflict)
  return error
}
