import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import { Aggregate, type Snapshots } from "refold"
import type { RejectionOf } from "refold/Aggregate"
import type { Conflict, RetriesExhausted } from "refold/Conflict"
import type { EventStore } from "refold/EventStore"
import type { EventStoreError } from "refold/EventStoreError"
import { describe, expectTypeOf, test } from "vitest"
import {
  Account,
  type AccountEvent,
  Lead,
  lead,
  LeadClosed,
  type LeadCommand,
  type LeadEvent,
  type LeadState,
  LeadUnknown
} from "./fixtures.ts"

describe("an aggregate is inferred from its schemas", () => {
  test("the command that execute takes", () => {
    expectTypeOf(Lead.execute).parameter(0).toEqualTypeOf<string>()
    expectTypeOf(Lead.execute).parameter(1).toEqualTypeOf<LeadCommand>()
    void Lead.execute("1", { _tag: "ChangeName", name: "Ann" }, { seen: 3 })
    // @ts-expect-error: no such command
    void Lead.execute("1", { _tag: "Rename", name: "Ann" })
    // @ts-expect-error: the status is none of the literals
    void Lead.execute("1", { _tag: "ChangeStatus", status: "Lost" })
    // @ts-expect-error: a field is missing
    void Lead.execute("1", { _tag: "ChangeName" })
  })

  test("the events in what execute returns, appended and missed", () => {
    const program = Effect.gen(function*() {
      const { events, missed } = yield* Lead.execute("1", { _tag: "ChangeName", name: "Ann" })
      return [events[0]!.event, missed[0]!.event] as const
    })
    expectTypeOf<Effect.Success<typeof program>>().toEqualTypeOf<readonly [LeadEvent, LeadEvent]>()
  })

  test("the state that load returns", () => {
    const loaded = Lead.load("1", { version: 3 })
    expectTypeOf<Effect.Success<typeof loaded>>().toEqualTypeOf<Aggregate.Loaded<LeadState>>()
    expectTypeOf<Effect.Error<typeof loaded>>().toEqualTypeOf<EventStoreError>()
    expectTypeOf<Effect.Services<typeof loaded>>().toEqualTypeOf<EventStore>()
    expectTypeOf(Account.initial).toEqualTypeOf<number>()
  })

  test("the parameters of decide and evolve", () => {
    Aggregate.make("Lead", {
      ...lead,
      decide: (command, state) => {
        expectTypeOf(command).toEqualTypeOf<LeadCommand>()
        expectTypeOf(state).toEqualTypeOf<LeadState>()
        return []
      },
      evolve: (state, event) => {
        expectTypeOf(state).toEqualTypeOf<LeadState>()
        expectTypeOf(event).toEqualTypeOf<LeadEvent>()
        return state
      }
    })
  })

  test("how its state is saved", () => {
    expectTypeOf(Lead.snapshots).toEqualTypeOf<Snapshots.Snapshots<LeadState> | undefined>()
  })

  test("its four types, by name", () => {
    expectTypeOf(Lead).toEqualTypeOf<
      Aggregate.Aggregate<{
        readonly Command: LeadCommand
        readonly Event: LeadEvent
        readonly State: LeadState
        readonly Rejection: LeadUnknown | LeadClosed
      }>
    >()
  })

  test("its conflicts take its events and no others", () => {
    expectTypeOf(Lead.conflicts.verdict).parameters.toEqualTypeOf<[LeadEvent["_tag"], LeadEvent["_tag"]]>()
    // @ts-expect-error: no event of a lead
    void Lead.conflicts.verdict("NameChanged", "Credited")
  })
})

describe("the errors of execute", () => {
  test("are the rejections, a conflict, running out of retries and the store's, exactly", () => {
    type Error = Effect.Error<ReturnType<typeof Lead.execute>>
    expectTypeOf<Error>().toEqualTypeOf<
      LeadUnknown | LeadClosed | Conflict<LeadEvent> | RetriesExhausted | EventStoreError
    >()
    expectTypeOf<Effect.Services<ReturnType<typeof Lead.execute>>>().toEqualTypeOf<EventStore>()
  })

  test("have no rejections if decide never rejects", () => {
    type Error = Effect.Error<ReturnType<typeof Account.execute>>
    expectTypeOf<Error>().toEqualTypeOf<Conflict<AccountEvent> | RetriesExhausted | EventStoreError>()
    expectTypeOf(Account.decide).returns.toEqualTypeOf<Result.Result<ReadonlyArray<AccountEvent>, never>>()
  })

  test("are all gone once all are caught", () => {
    const handled = Lead.execute("1", { _tag: "ChangeName", name: "Ann" }).pipe(
      Effect.catchTags({
        LeadUnknown: () => Effect.succeed("unknown"),
        LeadClosed: ({ name }) => Effect.succeed(name),
        Conflict: ({ message }) => Effect.succeed(message),
        RetriesExhausted: ({ attempts }) => Effect.succeed(attempts),
        EventStoreError: ({ isRetryable }) => Effect.succeed(isRetryable)
      })
    )
    expectTypeOf<Effect.Error<typeof handled>>().toEqualTypeOf<never>()
  })
})

describe("decide may return", () => {
  class Other extends Data.TaggedError("Other")<{}> {}

  test("an array of events, or none", () => {
    const array = Aggregate.make("Lead", { ...lead, decide: () => [{ _tag: "NameChanged", name: "Ann" }] })
    expectTypeOf(array.decide).returns.toEqualTypeOf<Result.Result<ReadonlyArray<LeadEvent>, never>>()
    const none = Aggregate.make("Lead", { ...lead, decide: () => [] })
    expectTypeOf(none.decide).returns.toEqualTypeOf<Result.Result<ReadonlyArray<LeadEvent>, never>>()
  })

  test("events as their schema makes them, or as they are mapped", () => {
    const made = Aggregate.make("Lead", {
      ...lead,
      decide: () => [lead.event.cases.NameChanged.make({ name: "Ann" })]
    })
    expectTypeOf(made.decide).returns.toEqualTypeOf<Result.Result<ReadonlyArray<LeadEvent>, never>>()
    const mapped = Aggregate.make("Lead", {
      ...lead,
      decide: (command) => ["Ann", command._tag].map((name) => ({ _tag: "NameChanged", name }))
    })
    expectTypeOf(mapped.decide).returns.toEqualTypeOf<Result.Result<ReadonlyArray<LeadEvent>, never>>()
  })

  test("a success", () => {
    const success = Aggregate.make("Lead", {
      ...lead,
      decide: (command) => Result.succeed([{ _tag: "NameChanged", name: command._tag }])
    })
    expectTypeOf(success.decide).returns.toEqualTypeOf<Result.Result<ReadonlyArray<LeadEvent>, never>>()
  })

  test("nothing but a rejection", () => {
    const failure = Aggregate.make("Lead", { ...lead, decide: () => Result.fail(new Other()) })
    expectTypeOf(failure.decide).returns.toEqualTypeOf<Result.Result<ReadonlyArray<LeadEvent>, Other>>()
  })

  test("all of these, and its rejections are the union of what it fails with", () => {
    const mixed = Aggregate.make("Lead", {
      ...lead,
      decide: (command) => {
        if (command._tag === "ChangeStatus") return Result.fail(new LeadUnknown())
        if (command.name === "") return Result.fail(new LeadClosed({ name: "" }))
        if (command.name === "Ann") return Result.fail("a string" as const)
        if (command.name === "Bea") return Result.succeed([{ _tag: "NameChanged", name: "Bea" }])
        return [{ _tag: "NameChanged", name: command.name }]
      }
    })
    expectTypeOf(mixed.decide).returns.toEqualTypeOf<
      Result.Result<ReadonlyArray<LeadEvent>, LeadUnknown | LeadClosed | "a string">
    >()
  })

  test("what a helper with a declared type returns", () => {
    const helper = (): Result.Result<ReadonlyArray<LeadEvent>, LeadUnknown | Other> => Result.fail(new Other())
    const helped = Aggregate.make("Lead", { ...lead, decide: helper })
    expectTypeOf(helped.decide).returns.toEqualTypeOf<Result.Result<ReadonlyArray<LeadEvent>, LeadUnknown | Other>>()
    expectTypeOf<RejectionOf<ReturnType<typeof helper>>>().toEqualTypeOf<LeadUnknown | Other>()
  })

  test("what Result.gen makes", () => {
    const generated = Aggregate.make("Lead", {
      ...lead,
      decide: (command) =>
        Result.gen(function*() {
          if (command._tag === "Initialize") return yield* Result.fail(new Other())
          return [{ _tag: "NameChanged" as const, name: "Ann" }]
        })
    })
    expectTypeOf(generated.decide).returns.toEqualTypeOf<Result.Result<ReadonlyArray<LeadEvent>, Other>>()
  })
})

describe("a definition does not compile", () => {
  test("if decide returns an event that is not in the schema", () => {
    // @ts-expect-error: no such event
    Aggregate.make("Lead", { ...lead, decide: (_command) => [{ _tag: "Credited", cents: 1 }] })
    // @ts-expect-error: no such event, in a success
    Aggregate.make("Lead", { ...lead, decide: (_command) => Result.succeed([{ _tag: "Credited", cents: 1 }]) })
    // @ts-expect-error: no such event, in one of two branches
    Aggregate.make("Lead", { ...lead, decide: (_command) => Math.random() > 1 ? [] : [{ _tag: "Credited", cents: 1 }] })
    // @ts-expect-error: one event is not a list of events
    Aggregate.make("Lead", { ...lead, decide: (_command) => ({ _tag: "NameChanged", name: "Ann" }) })
    // @ts-expect-error: a decision is not an effect
    Aggregate.make("Lead", { ...lead, decide: (_command) => Effect.succeed([{ _tag: "NameChanged", name: "Ann" }]) })
  })

  test("if a field of a decided event has the wrong type or is missing", () => {
    // @ts-expect-error: a name is a string
    Aggregate.make("Lead", { ...lead, decide: (_command) => [{ _tag: "NameChanged", name: 1 }] })
    // @ts-expect-error: the encoded form of a date is not the date
    Aggregate.make("Lead", { ...lead, decide: (_command) => [{ _tag: "Initialized", name: "Ann", on: "2026-12-01" }] })
    // @ts-expect-error: no name
    Aggregate.make("Lead", { ...lead, decide: (_command) => [{ _tag: "NameChanged" }] })
    // @ts-expect-error: a name is a string, in a success
    Aggregate.make("Lead", { ...lead, decide: (_command) => Result.succeed([{ _tag: "NameChanged", name: 1 }]) })
  })

  test("if evolve returns something else than a state", () => {
    // @ts-expect-error: a state has a status
    Aggregate.make("Lead", { ...lead, evolve: () => ({ name: "Ann" }) })
    // @ts-expect-error: a status is one of the literals
    Aggregate.make("Lead", { ...lead, evolve: () => ({ name: "Ann", status: "Lost" }) })
    // @ts-expect-error: one branch forgets to return
    Aggregate.make("Lead", { ...lead, evolve: (state, event) => event._tag === "NameChanged" ? state : undefined })
  })

  test("if the initial state is none", () => {
    // @ts-expect-error: a status is one of the literals
    Aggregate.make("Lead", { ...lead, initial: { name: "", status: "Lost" } })
    // @ts-expect-error: not even an object
    Aggregate.make("Lead", { ...lead, initial: 0 })
    // @ts-expect-error: no state at all
    Aggregate.make("Lead", { ...lead, initial: undefined })
  })

  test("if a schema needs services", () => {
    class Clock extends Context.Service<Clock, { readonly now: number }>()("test/Clock") {}
    const Late = Schema.String.pipe(
      Schema.decodeTo(Schema.String, {
        decode: SchemaGetter.transformEffect((text: string) => Effect.as(Clock, text)),
        encode: SchemaGetter.transform((text: string) => text)
      })
    )
    expectTypeOf<typeof Late["DecodingServices"]>().toEqualTypeOf<Clock>()
    const Early = Schema.String.pipe(
      Schema.decodeTo(Schema.String, {
        decode: SchemaGetter.transform((text: string) => text),
        encode: SchemaGetter.transformEffect((text: string) => Effect.as(Clock, text))
      })
    )
    expectTypeOf<typeof Early["EncodingServices"]>().toEqualTypeOf<Clock>()
    const { conflicts, decide, evolve, initial } = { ...lead, evolve: (state: string) => state, initial: "" }
    const Plain = Schema.TaggedUnion({ NameChanged: { name: Schema.String } })
    const NeedsToDecode = Schema.TaggedUnion({ NameChanged: { name: Late } })
    const NeedsToEncode = Schema.TaggedUnion({ NameChanged: { name: Early } })
    const rest = { conflicts, decide, evolve, initial }
    Aggregate.make("Lead", { ...rest, command: Plain, event: Plain, state: Schema.String })
    // @ts-expect-error: events cannot be decoded without a service
    Aggregate.make("Lead", { ...rest, command: Plain, event: NeedsToDecode, state: Schema.String })
    // @ts-expect-error: events cannot be encoded without a service
    Aggregate.make("Lead", { ...rest, command: Plain, event: NeedsToEncode, state: Schema.String })
    // @ts-expect-error: commands cannot be decoded without a service
    Aggregate.make("Lead", { ...rest, command: NeedsToDecode, event: Plain, state: Schema.String })
    // @ts-expect-error: the state cannot be decoded without a service
    Aggregate.make("Lead", { ...rest, command: Plain, event: Plain, state: Late })
    // @ts-expect-error: the state cannot be encoded without a service
    Aggregate.make("Lead", { ...rest, command: Plain, event: Plain, state: Early })
  })

  test("if its events or commands are not told apart by a tag", () => {
    const Untagged = Schema.Struct({ name: Schema.String })
    const Kinds = Schema.Union([
      Schema.Struct({ kind: Schema.Literal("A") }),
      Schema.Struct({ kind: Schema.Literal("B") })
    ])
    // @ts-expect-error: a struct without a tag
    Aggregate.make("Lead", { ...lead, event: Untagged })
    // @ts-expect-error: a union that is told apart by something else
    Aggregate.make("Lead", { ...lead, event: Kinds })
    const Plain = Schema.Union([Schema.TaggedStruct("A", {}), Schema.TaggedStruct("B", {})])
    // @ts-expect-error: a plain union does not give access to its cases
    Aggregate.make("Lead", { ...lead, event: Plain })
    // @ts-expect-error: a command without a tag
    Aggregate.make("Lead", { ...lead, command: Untagged })
  })

  test("if its snapshots have no version, or no policy", () => {
    Aggregate.make("Lead", { ...lead, snapshots: { every: 100, version: 1 } })
    Aggregate.make("Lead", { ...lead, snapshots: undefined })
    // @ts-expect-error: which saved states to trust
    Aggregate.make("Lead", { ...lead, snapshots: { every: 100 } })
    // @ts-expect-error: when to save
    Aggregate.make("Lead", { ...lead, snapshots: { version: 1 } })
    // @ts-expect-error: not a number
    Aggregate.make("Lead", { ...lead, snapshots: { every: "100", version: 1 } })
  })

  test("if an old name is kept for an event that does not exist", () => {
    Aggregate.make("Lead", { ...lead, storedAs: { NameChanged: "Renamed" } })
    Aggregate.make("Lead", { ...lead, storedAs: {} })
    // @ts-expect-error: no such event
    Aggregate.make("Lead", { ...lead, storedAs: { Credited: "CreditedV1" } })
    // @ts-expect-error: not the old name first
    Aggregate.make("Lead", { ...lead, storedAs: { NameChanged: "Renamed", Renamed: "NameChanged" } })
    // @ts-expect-error: a name is a string
    Aggregate.make("Lead", { ...lead, storedAs: { NameChanged: 1 } })
  })
})
