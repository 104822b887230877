import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { AppendCondition, EventStore, Projection, type Snapshots } from "refold"
import type { AppendConditionFailed, AppendConditionsFailed } from "refold/AppendCondition"
import type { Conflict, RetriesExhausted } from "refold/Conflict"
import type { Tagged } from "refold/Decider"
import type {
  EventIdTaken,
  EventStoreError,
  OutcomeUnknown,
  Unavailable,
  UnreadableEvent
} from "refold/EventStoreError"
import type { LockExpired, LockTimeout } from "refold/Lock"
import type { PartitionsDiffer, ProjectionHalted, ProjectionStore } from "refold/ProjectionStore"
import type { Appended, RecordedEvent } from "refold/RecordedEvent"
import type { StreamId } from "refold/StreamId"
import { describe, expectTypeOf, test } from "vitest"
import {
  Account,
  type AccountEvent,
  Lead,
  type LeadClosed,
  type LeadEvent,
  type LeadState,
  type LeadUnknown
} from "./fixtures.ts"

const changeName = Lead.execute("1", { _tag: "ChangeName", name: "Ann" })

describe("errors", () => {
  test("a conflict holds typed events", () => {
    const told = Effect.catchTag(changeName, "Conflict", (conflict) => {
      expectTypeOf(conflict).toEqualTypeOf<Conflict<LeadEvent>>()
      expectTypeOf(conflict.pairs[0]!.theirs.event).toEqualTypeOf<LeadEvent>()
      expectTypeOf(conflict.pairs[0]!.mine).toEqualTypeOf<LeadEvent>()
      expectTypeOf(conflict.theirs).toEqualTypeOf<ReadonlyArray<RecordedEvent<LeadEvent>>>()
      expectTypeOf(conflict.stream).toEqualTypeOf<StreamId>()
      expectTypeOf([conflict.expected, conflict.actual]).toEqualTypeOf<Array<number>>()
      // @ts-expect-error: no event of a lead has this tag
      void (conflict.pairs[0]?.theirs.event._tag === "Credited")
      return Effect.succeed("told")
    })
    expectTypeOf<Effect.Error<typeof told>>().toEqualTypeOf<
      LeadUnknown | LeadClosed | RetriesExhausted | EventStoreError
    >()
    expectTypeOf<Effect.Services<typeof told>>().toEqualTypeOf<EventStore.EventStore>()
  })

  test("a single reason of the store's can be caught, and the rest goes on", () => {
    const skipped = Effect.catchReason(changeName, "EventStoreError", "UnreadableEvent", (reason) => {
      expectTypeOf(reason).toEqualTypeOf<UnreadableEvent>()
      expectTypeOf(reason.problem).toEqualTypeOf<string>()
      return Effect.succeed(reason.version)
    })
    expectTypeOf<Extract<Effect.Error<typeof skipped>, EventStoreError>>().toEqualTypeOf<EventStoreError>()
    // @ts-expect-error: no such reason
    void Effect.catchReason(changeName, "EventStoreError", "Unreadable", () => Effect.void)
    const waited = Effect.catchReasons(changeName, "EventStoreError", {
      Unavailable: (reason) => {
        expectTypeOf(reason).toEqualTypeOf<Unavailable>()
        return Effect.void
      },
      UnreadableEvent: (reason) => {
        expectTypeOf(reason).toEqualTypeOf<UnreadableEvent>()
        return Effect.void
      }
    })
    expectTypeOf<Effect.Services<typeof waited>>().toEqualTypeOf<EventStore.EventStore>()
  })
})

describe("the store", () => {
  test("reads the events of a stream as those of its source", () => {
    expectTypeOf(EventStore.read(Lead, "1")).toEqualTypeOf<
      Stream.Stream<RecordedEvent<LeadEvent>, EventStoreError, EventStore.EventStore>
    >()
  })

  test("resumes a stream from a state of the aggregate whose snapshots it is given", () => {
    const resume = (store: EventStore.EventStore["Service"], of: Snapshots.Snapshots<LeadState>) =>
      store.resume(Lead, "1", { snapshot: { of, version: 3, at: undefined } })
    expectTypeOf<Effect.Success<ReturnType<typeof resume>>>().toEqualTypeOf<EventStore.Resumed<LeadEvent, LeadState>>()
  })

  test("reads and follows the log as the union of its sources' events", () => {
    type Both = Stream.Stream<RecordedEvent<LeadEvent | AccountEvent>, EventStoreError, EventStore.EventStore>
    expectTypeOf(EventStore.readAll([Lead, Account])).toEqualTypeOf<Both>()
    expectTypeOf(EventStore.subscribe([Lead, Account], { after: 7 })).toEqualTypeOf<Both>()
    expectTypeOf(EventStore.readAll([Lead])).toEqualTypeOf<
      Stream.Stream<RecordedEvent<LeadEvent>, EventStoreError, EventStore.EventStore>
    >()
    const named = EventStore.readAll([Lead, Account]).pipe(
      Stream.map(({ event }) => event._tag === "Credited" ? event.cents : event._tag)
    )
    expectTypeOf<Stream.Success<typeof named>>().toEqualTypeOf<
      number | Exclude<(LeadEvent | AccountEvent)["_tag"], "Credited">
    >()
    // @ts-expect-error: at least one source
    void EventStore.readAll([])
  })

  test("gives the same from the service as from the functions", () => {
    const program = Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      return {
        one: store.read(Lead, "1"),
        all: store.readAll([Lead, Account]),
        appended: yield* store.append(Lead, "1", [])
      }
    })
    expectTypeOf<Effect.Success<typeof program>>().toEqualTypeOf<{
      one: Stream.Stream<RecordedEvent<LeadEvent>, EventStoreError>
      all: Stream.Stream<RecordedEvent<LeadEvent | AccountEvent>, EventStoreError>
      appended: Appended<LeadEvent>
    }>()
  })

  test("appends events of the source under a condition", () => {
    const append = EventStore.append(Account, "1", [{ _tag: "Credited", cents: 1 }, { _tag: "Debited", cents: 1 }], {
      condition: AppendCondition.noStream,
      metadata: { actor: "ann" }
    })
    expectTypeOf(append).toEqualTypeOf<
      Effect.Effect<
        Appended<AccountEvent>,
        AppendConditionFailed<AccountEvent> | EventStoreError,
        EventStore.EventStore
      >
    >()
    const missed = Effect.catchTag(append, "AppendConditionFailed", ({ missed }) => Effect.succeed(missed[0]!.event))
    expectTypeOf<Effect.Success<typeof missed>>().toEqualTypeOf<Appended<AccountEvent> | AccountEvent>()
  })

  test("refuses events of another source", () => {
    // @ts-expect-error: a credit is no event of a lead
    void EventStore.append(Lead, "1", [{ _tag: "Credited", cents: 1 }])
    const credited: AccountEvent = { _tag: "Credited", cents: 1 }
    // @ts-expect-error: nor if its type is known
    void EventStore.append(Lead, "1", [credited])
    // @ts-expect-error: nor if it is not the only one
    void EventStore.append(Lead, "1", [{ _tag: "NameChanged", name: "Ann" }, credited])
    // @ts-expect-error: a name is a string
    void EventStore.append(Lead, "1", [{ _tag: "NameChanged", name: 1 }])
    // @ts-expect-error: a list of events
    void EventStore.append(Lead, "1", { _tag: "NameChanged", name: "Ann" })
  })
})

describe("a lock", () => {
  class Printer
    extends Context.Service<Printer, { readonly print: Effect.Effect<number, "out of paper"> }>()("Printer")
  {
  }
  const print = Effect.flatMap(Printer, ({ print }) => print)

  test("adds its errors to those of the effect, and the store to what it needs", () => {
    expectTypeOf(Lead.withLock("1", print, { wait: "1 second", hold: 500 })).toEqualTypeOf<
      Effect.Effect<
        number,
        "out of paper" | LockTimeout | LockExpired | EventStoreError,
        Printer | EventStore.EventStore
      >
    >()
    const command = Lead.withLock("1", changeName)
    expectTypeOf<Effect.Success<typeof command>>().toEqualTypeOf<Appended<LeadEvent>>()
    const handled = Effect.catchTags(command, {
      LockTimeout: ({ waited }) => Effect.succeed(waited),
      LockExpired: ({ held }) => Effect.succeed(held)
    })
    expectTypeOf<Effect.Error<typeof handled>>().toEqualTypeOf<Effect.Error<typeof changeName>>()
  })

  test("is taken by its instance, for an effect and a time", () => {
    // @ts-expect-error: no instance
    void Lead.withLock(print)
    // @ts-expect-error: a promise is no effect
    void Lead.withLock("1", Promise.resolve(1))
    // @ts-expect-error: not a time
    void Lead.withLock("1", print, { wait: "a while" })
    // @ts-expect-error: no such option
    void Lead.withLock("1", print, { ttl: 500 })
  })

  test("is the store's as well, for a source of events", () => {
    const locked = EventStore.EventStore.use((store) => store.withLock(Lead, "1", print))
    expectTypeOf(locked).toEqualTypeOf<
      Effect.Effect<
        number,
        "out of paper" | LockTimeout | LockExpired | EventStoreError,
        Printer | EventStore.EventStore
      >
    >()
  })
})

describe("appends to several streams", () => {
  const lead = EventStore.appendTo(Lead, "1", [{ _tag: "NameChanged", name: "Ann" }], {
    condition: AppendCondition.at(1),
    eventIds: ["017f22e2-79b0-7cc3-98c4-dc0c0c07398f"]
  })
  const account = EventStore.appendTo(Account, "1", [{ _tag: "Credited", cents: 1 }])

  test("are each of the events of their source", () => {
    expectTypeOf(lead).toEqualTypeOf<EventStore.StreamAppend<LeadEvent>>()
    expectTypeOf(account).toEqualTypeOf<EventStore.StreamAppend<AccountEvent>>()
    expectTypeOf(EventStore.appendTo(Lead, "1", [])).toEqualTypeOf<EventStore.StreamAppend<LeadEvent>>()
    // @ts-expect-error: a credit is no event of a lead
    void EventStore.appendTo(Lead, "1", [{ _tag: "Credited", cents: 1 }])
    // @ts-expect-error: metadata are given for all of them
    void EventStore.appendTo(Lead, "1", [], { metadata: { actor: "ann" } })
    // @ts-expect-error: an id for each event
    void EventStore.appendTo(Lead, "1", [{ _tag: "NameChanged", name: "Ann" }], { eventIds: "1" })
  })

  test("give a result for each, in their order", () => {
    const all = EventStore.appendAll([account, lead], { metadata: { actor: "ann" } })
    expectTypeOf(all).toEqualTypeOf<
      Effect.Effect<
        readonly [Appended<AccountEvent>, Appended<LeadEvent>],
        AppendConditionsFailed | EventStoreError,
        EventStore.EventStore
      >
    >()
    const program = Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const [credited, named] = yield* store.appendAll([account, lead])
      expectTypeOf(credited.events[0]!.event).toEqualTypeOf<AccountEvent>()
      expectTypeOf(named.missed[0]!.event).toEqualTypeOf<LeadEvent>()
      expectTypeOf(named.repeated).toEqualTypeOf<boolean>()
      // @ts-expect-error: there are two
      return (yield* store.appendAll([account, lead]))[2]
    })
    expectTypeOf<Effect.Services<typeof program>>().toEqualTypeOf<EventStore.EventStore>()
    const none = EventStore.appendAll([])
    expectTypeOf<Effect.Success<typeof none>>().toEqualTypeOf<readonly []>()
  })

  test("may be a list of any length", () => {
    const transfers = ["1", "2"].map((id) => EventStore.appendTo(Account, id, [{ _tag: "Credited", cents: 1 }]))
    const transferred = EventStore.appendAll(transfers)
    expectTypeOf<Effect.Success<typeof transferred>>().toEqualTypeOf<ReadonlyArray<Appended<AccountEvent>>>()
    const mixed: ReadonlyArray<typeof lead | typeof account> = [lead, account]
    const appended = EventStore.appendAll(mixed)
    expectTypeOf<Effect.Success<typeof appended>[number]>().toEqualTypeOf<Appended<LeadEvent | AccountEvent>>()
  })

  test("fail with every condition that does not hold", () => {
    const told = Effect.catchTag(EventStore.appendAll([lead, account]), "AppendConditionsFailed", ({ failures }) => {
      expectTypeOf(failures).toEqualTypeOf<NonEmptyReadonlyArray<AppendConditionFailed<Tagged>>>()
      return Effect.succeed(failures[0].actual)
    })
    expectTypeOf<Effect.Error<typeof told>>().toEqualTypeOf<EventStoreError>()
    // @ts-expect-error: that is the error of an append to one stream
    void Effect.catchTag(EventStore.appendAll([lead]), "AppendConditionFailed", () => Effect.void)
    // @ts-expect-error: an append takes what `appendTo` makes
    void EventStore.appendAll([Lead])
    // @ts-expect-error: conditions are those of each append
    void EventStore.appendAll([lead], { condition: AppendCondition.noStream })
  })
})

describe("options of an append", () => {
  test("give metadata, or make it for each event", () => {
    const events = [{ _tag: "Credited", cents: 1 }] as const
    void EventStore.append(Account, "1", events, { metadata: (index) => ({ custom: { line: index } }) })
    void EventStore.appendAll([], { metadata: (index) => ({ custom: { line: index } }) })
    // @ts-expect-error: there is no such metadata
    void EventStore.append(Account, "1", events, { metadata: { acter: "ann" } })
    // @ts-expect-error: metadata, and not a string
    void EventStore.append(Account, "1", events, { metadata: (index) => String(index) })
    // @ts-expect-error: ids are text
    void EventStore.append(Account, "1", events, { eventIds: [1] })
  })

  test("that make it possible to repeat it show in its reasons to fail", () => {
    const append = EventStore.append(Account, "1", [{ _tag: "Credited", cents: 1 }])
    void Effect.catchReasons(append, "EventStoreError", {
      EventIdTaken: (reason) => {
        expectTypeOf(reason).toEqualTypeOf<EventIdTaken>()
        return Effect.succeed(reason.version)
      },
      OutcomeUnknown: (reason) => {
        expectTypeOf(reason).toEqualTypeOf<OutcomeUnknown>()
        expectTypeOf(reason.eventIds).toEqualTypeOf<ReadonlyArray<string>>()
        return Effect.succeed(reason.stream)
      }
    })
  })
})

describe("a projection", () => {
  class Table extends Context.Service<Table, { readonly insert: Effect.Effect<void> }>()("test/Table") {}
  class Full extends Data.TaggedError("Full")<{}> {}

  const projection = Projection.make("names", {
    version: 1,
    from: [Lead, Account],
    handle: (events) => {
      expectTypeOf(events).toEqualTypeOf<NonEmptyReadonlyArray<RecordedEvent<LeadEvent | AccountEvent>>>()
      return events.length > 10 ? Effect.fail(new Full()) : Effect.flatMap(Table, (table) => table.insert)
    }
  })

  test("infers its events from its sources, and its errors and services from its handler", () => {
    expectTypeOf(projection).toEqualTypeOf<Projection.Projection<readonly [typeof Lead, typeof Account], Full, Table>>()
    const pure = Projection.make("pure", { version: 1, from: [Lead], handle: () => Effect.void })
    expectTypeOf(pure).toEqualTypeOf<Projection.Projection<readonly [typeof Lead], never, never>>()
  })

  test("adds to them what it takes to run", () => {
    const caughtUp = Projection.catchUp(projection)
    expectTypeOf(caughtUp).toEqualTypeOf<
      Effect.Effect<
        number,
        Full | PartitionsDiffer | ProjectionHalted | EventStoreError,
        Table | EventStore.EventStore | ProjectionStore
      >
    >()
    const running = Projection.run(projection)
    expectTypeOf(running).toEqualTypeOf<
      Effect.Effect<never, PartitionsDiffer | EventStoreError, Table | EventStore.EventStore | ProjectionStore>
    >()
    expectTypeOf(Projection.layer(projection, { partitions: 2 })).toEqualTypeOf<
      Layer.Layer<never, PartitionsDiffer | EventStoreError, Table | EventStore.EventStore | ProjectionStore>
    >()
  })

  test("does not compile without sources, or with a handler that is no effect", () => {
    // @ts-expect-error: at least one source
    Projection.make("none", { version: 1, from: [], handle: () => Effect.void })
    // @ts-expect-error: a promise is no effect
    Projection.make("promise", { version: 1, from: [Lead], handle: () => Promise.resolve() })
    // @ts-expect-error: events of a lead have no cents
    Projection.make("cents", { version: 1, from: [Lead], handle: ([{ event }]) => Effect.log(event.cents) })
  })
})
