import { assert, describe, it } from "@effect/vitest"
import { given } from "@refold/vitest/Given"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Aggregate from "refold/Aggregate"
import * as Conflicts from "refold/Conflicts"
import type { Tagged } from "refold/Decider"
import type { TaggedUnionSchema } from "refold/EventCodec"
import { EventStore } from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"
import type { SnapshotOptions } from "refold/Snapshots"
import * as Upcast from "refold/Upcast"
import { AccountCommand, LeadCommand, makeAccount, makeLead, makeSwitch, tables } from "./programs.ts"

const Lead = makeLead()
const Account = makeAccount()
const Customer = Aggregate.combine("Customer", { lead: Lead, account: Account })

/** Counts its events, of which there is one type. */
const counter = <Command extends Tagged, Event extends Tagged>(
  command: Schema.Codec<Command, unknown>,
  schema: TaggedUnionSchema<Event>,
  event: NoInfer<Event>,
  options?: { readonly snapshots?: SnapshotOptions; readonly storedAs?: { readonly [Tag in Event["_tag"]]?: string } }
) =>
  Aggregate.make("Counter", {
    command,
    event: schema,
    state: Schema.Int,
    initial: 0,
    decide: (_command) => [event],
    evolve: (count) => count + 1,
    conflicts: "commutes",
    ...options
  })

const CountOne = Schema.TaggedUnion({ CountOne: {} })
const CountTwo = Schema.TaggedUnion({ CountTwo: {} })
const OneCounted = Schema.TaggedUnion({ OneCounted: { by: Schema.Int } })
const TwoCounted = Schema.TaggedUnion({ TwoCounted: { by: Schema.Int } })
const oneCounted = { _tag: "OneCounted", by: 1 } as const
const twoCounted = { _tag: "TwoCounted", by: 1 } as const
const stored = { storedAs: { OneCounted: "Counted" } }

const commands = Arbitrary.array(Arbitrary.schema(Schema.Union([LeadCommand, AccountCommand])), { maxLength: 12 })
const isLead = Schema.is(LeadCommand)
const isAccount = Schema.is(AccountCommand)

describe("aggregates that are combined", () => {
  it.prop("decide and evolve as they would side by side", [commands], ([commands]) => {
    let lead = Lead.initial
    let account = Account.initial
    let customer = Customer.initial
    for (const command of commands) {
      const decision = Customer.decide(command, customer)
      if (isLead(command)) {
        const alone = Lead.decide(command, lead)
        assert.deepStrictEqual(decision, alone)
        lead = Result.getOrElse(alone, () => []).reduce(Lead.evolve, lead)
      }
      if (isAccount(command)) {
        const alone = Account.decide(command, account)
        assert.deepStrictEqual(decision, alone)
        account = Result.getOrElse(alone, () => []).reduce(Account.evolve, account)
      }
      customer = Result.getOrElse(decision, () => []).reduce(Customer.evolve, customer)
      assert.deepStrictEqual(customer, { lead, account })
    }
  })

  it.prop(
    "commute across: whoever comes first, both decide the same and come to the same state",
    [commands, Arbitrary.schema(LeadCommand), Arbitrary.schema(AccountCommand)],
    ([before, ofLead, ofAccount]) => {
      const eventsOf = (command: typeof before[number], state: typeof Customer.initial) =>
        Result.getOrElse(Customer.decide(command, state), () => [])
      const after = (state: typeof Customer.initial, events: ReadonlyArray<typeof Customer.event.Type>) =>
        events.reduce(Customer.evolve, state)
      const state = before.reduce((state, command) => after(state, eventsOf(command, state)), Customer.initial)
      const [leads, accounts] = [eventsOf(ofLead, state), eventsOf(ofAccount, state)]
      assert.deepStrictEqual(eventsOf(ofAccount, after(state, leads)), accounts)
      assert.deepStrictEqual(eventsOf(ofLead, after(state, accounts)), leads)
      assert.deepStrictEqual(after(after(state, leads), accounts), after(after(state, accounts), leads))
    }
  )

  it("leave the state untouched where its part does not change", () => {
    const state = { lead: { status: "Open" }, account: 50 } as const
    assert.strictEqual(Customer.evolve(state, { _tag: "NameChanged", name: "Ann" }), state)
    assert.deepStrictEqual(Customer.evolve(state, { _tag: "Credited", cents: 50 }), { ...state, account: 100 })
    assert.deepStrictEqual(state, { lead: { status: "Open" }, account: 50 })
  })

  it("keep their conflict tables, and commute with each other", () => {
    for (const part of [Lead, Account]) {
      for (const mine of Customer.conflicts.tags) {
        for (const theirs of Customer.conflicts.tags) {
          const tags: ReadonlyArray<string> = part.conflicts.tags
          if (tags.includes(mine) !== tags.includes(theirs)) {
            assert.deepStrictEqual(Customer.conflicts.verdicts(mine, theirs), ["commutes"])
          }
        }
      }
    }
    for (const mine of Lead.conflicts.tags) {
      for (const theirs of Lead.conflicts.tags) {
        assert.deepStrictEqual(Customer.conflicts.verdicts(mine, theirs), Lead.conflicts.verdicts(mine, theirs))
      }
    }
    assert.deepStrictEqual(Customer.conflicts.verdicts("Debited", "Debited"), ["redecides"])
    assert.deepStrictEqual(Customer.conflicts.commuting(["StatusChanged", "Debited"]), [
      "Initialized",
      "NameChanged",
      "Credited"
    ])
  })

  it.prop("keep conditions, whatever the table", [tables], ([table]) => {
    const Switch = makeSwitch(table)()
    const Both = Aggregate.combine("Both", { account: Account, switch: Switch })
    const { conflicts } = Switch
    for (const mine of conflicts.tags) {
      for (const theirs of conflicts.tags) {
        assert.deepStrictEqual(Both.conflicts.verdicts(mine, theirs), conflicts.verdicts(mine, theirs))
        for (const key of ["x", "y"] as const) {
          const [one, other] = [{ _tag: mine, key: "x" }, { _tag: theirs, key }] as const
          assert.strictEqual(Both.conflicts.between(one, other), conflicts.between(one, other))
          assert.strictEqual(Both.conflicts.between(one, { _tag: "Credited", cents: 50 }), "commutes")
        }
      }
    }
  })

  it("have schemas for the commands, events and states of all", () => {
    assert.isTrue(Schema.is(Customer.command)({ _tag: "Debit", cents: 50 }))
    assert.isTrue(Schema.is(Customer.command)({ _tag: "ChangeName", name: "Ann" }))
    assert.isFalse(Schema.is(Customer.command)({ _tag: "Debit", cents: 1 }))
    assert.deepStrictEqual("cases" in Customer.command && Object.keys(Customer.command.cases as object), [
      "ChangeName",
      "ChangeStatus",
      "SetFollowup",
      "Initialize",
      "Debit",
      "Credit"
    ])
    assert.isTrue(Schema.is(Customer.event)({ _tag: "Debited", cents: 50 }))
    assert.deepStrictEqual(Object.keys(Customer.event.cases), [...Customer.codec.tags])
    assert.isTrue(Schema.is(Customer.state)(Customer.initial))
    assert.isFalse(Schema.is(Customer.state)({ lead: { status: null } }))
  })

  it("can be tested, and combined again, like any other", () => {
    const Firm = Aggregate.combine("Firm", { customer: Customer, switch: makeSwitch(noConflicts)() })
    given(Firm, [{ _tag: "Initialized", name: "Ann" }, { _tag: "Credited", cents: 100 }, { _tag: "A", key: "x" }])
      .thenState({ customer: { lead: { status: "Open" }, account: 100 }, switch: true })
      .when({ _tag: "Debit", cents: 100 })
      .when({ _tag: "ChangeStatus", status: "Closed" }, { seen: 3 })
      .when({ _tag: "Debit", cents: 50 }, { seen: 3 })
      .thenRejected("InsufficientFunds")
      .when({ _tag: "SetFollowup", on: "Monday" }, { seen: 3 })
      .thenConflict([["FollowupSet", "StatusChanged"]])
  })

  it("take commands of whatever schema has their tags", () => {
    class Flip extends Schema.TaggedClass<Flip>()("Flip", {}) {}
    const Turn = Schema.Union([Flip, Schema.Struct({ _tag: Schema.Literals(["Left", "Right"]) })])
    const turner = counter(Turn, TwoCounted, twoCounted)
    const Both = Aggregate.combine("Both", { lead: Lead, turner })
    for (const command of [new Flip(), { _tag: "Left" }, { _tag: "Right" }] as const) {
      assert.isTrue(Schema.is(Both.command)(command))
      assert.deepStrictEqual(Both.decide(command, Both.initial), Result.succeed([twoCounted]))
    }
  })

  it.effect("share a stream in the store, where only what belongs together meets", () =>
    Effect.gen(function*() {
      yield* Customer.execute("1", { _tag: "Initialize", name: "Ann" })
      yield* Customer.execute("1", { _tag: "Credit", cents: 100 }, { seen: 1 })
      const renamed = yield* Customer.execute("1", { _tag: "ChangeName", name: "Bea" }, { seen: 1 })
      assert.deepStrictEqual(renamed.missed.map(({ event }) => event._tag), ["Credited"])
      const rejected = yield* Effect.flip(Customer.execute("1", { _tag: "Debit", cents: 100 }, { strict: 1 }))
      assert.strictEqual(rejected._tag, "Conflict")
      assert.deepStrictEqual((yield* Customer.load("1")).state, { lead: { status: "Open" }, account: 100 })
      const store = yield* EventStore
      assert.strictEqual((yield* Stream.runCollect(store.read(Customer, "1"))).length, 3)
    }).pipe(Effect.provide(MemoryEventStore.layer)))
})

const commutes = { collides: "never", redecides: "never" } as const
const row = { A: commutes, B: commutes, C: commutes }
const noConflicts = { A: row, B: row, C: row }

describe("the events of aggregates that are combined", () => {
  const Both = Aggregate.combine("Both", {
    one: counter(CountOne, OneCounted, oneCounted, stored),
    two: counter(CountTwo, TwoCounted, twoCounted)
  })

  it("keep the names under which they are stored", () => {
    assert.deepStrictEqual(Both.codec.tags.map(Both.codec.storedType), ["Counted", "TwoCounted"])
    const encoded = { type: "Counted", schemaVersion: 1, data: `{"by":1}` }
    assert.deepStrictEqual(Both.codec.encode(oneCounted), Result.succeed(encoded))
    assert.deepStrictEqual(Both.codec.decode("Counted", 1, { by: 1 }), Result.succeed(oneCounted))
  })

  it("are read in the shapes they had before, and under the names of those that are gone", () => {
    const TwoRenamed = Aggregate.make("Counter", {
      command: CountTwo,
      event: TwoCounted,
      earlier: {
        TwoCounted: Upcast.from(1, { times: Schema.Int }).toCurrent(2, ({ times }) => ({ by: times }))
      },
      retired: {
        TwoSeen: Upcast.from(1, {}).becomes("TwoCounted", () => ({ by: 1 }))
      },
      state: Schema.Int,
      initial: 0,
      decide: (_command) => [],
      evolve: (count) => count + 1,
      conflicts: "commutes"
    })
    const Later = Aggregate.combine("Later", {
      one: counter(CountOne, OneCounted, oneCounted, stored),
      two: TwoRenamed
    })
    const read = Result.succeed(twoCounted)
    assert.deepStrictEqual(Later.codec.decode("TwoCounted", 1, { times: 1 }), read)
    assert.deepStrictEqual(Later.codec.decode("TwoCounted", 2, { by: 1 }), read)
    assert.deepStrictEqual(Later.codec.decode("TwoSeen", 1, {}), read)
    assert.deepStrictEqual(Later.codec.storedTypes("TwoCounted"), ["TwoCounted", "TwoSeen"])
    assert.strictEqual(Later.codec.shapes.length, 4)
  })

  it("are told from those of others", () => {
    const foreign = Both.codec.encode({ _tag: "Counted" })
    assert.deepStrictEqual(foreign, Result.fail("Counted is not one of OneCounted, TwoCounted"))
    assert.isTrue(Result.isFailure(Both.codec.decode("OneCounted", 1, { by: 1 })))
    assert.strictEqual(Conflicts.judge(Both.conflicts, [], []).verdict, "commutes")
  })
})

describe("the states of aggregates that are combined", () => {
  const every = (every: number, version = 1) => ({ snapshots: { every, version } })
  const one = counter(CountOne, OneCounted, oneCounted, every(100))
  const two = counter(CountTwo, TwoCounted, twoCounted, every(30))
  const Both = Aggregate.combine("Both", { one, two })

  it("are saved if each is, as often as the one that is saved most often", () => {
    assert.strictEqual(Both.snapshots?.every, 30)
    const bare = counter(CountTwo, TwoCounted, twoCounted)
    assert.isUndefined(Aggregate.combine("Some", { one, bare }).snapshots)
  })

  it("are written and read part by part", () => {
    assert.deepStrictEqual(Both.snapshots?.encode({ one: 1, two: 2 }), Result.succeed(`{"one":1,"two":2}`))
    assert.deepStrictEqual(Both.snapshots?.decode({ one: 1, two: 2 }), Result.succeed({ one: 1, two: 2 }))
    for (const broken of [null, {}, { one: 1 }, { one: 1, two: "2" }]) {
      assert.isTrue(Result.isFailure(Both.snapshots!.decode(broken)))
    }
  })

  it("are trusted no longer when those of a part are not, in whatever order the parts are named", () => {
    const fingerprint = Both.snapshots?.fingerprint
    assert.strictEqual(Aggregate.combine("Both", { two, one }).snapshots?.fingerprint, fingerprint)
    const newer = counter(CountTwo, TwoCounted, twoCounted, every(30, 2))
    assert.notStrictEqual(Aggregate.combine("Both", { one, two: newer }).snapshots?.fingerprint, fingerprint)
  })

  it.effect("are resumed from what was saved", () =>
    Effect.gen(function*() {
      const Often = Aggregate.combine("Often", {
        one: counter(CountOne, OneCounted, oneCounted, every(2)),
        two: counter(CountTwo, TwoCounted, twoCounted, every(2))
      })
      yield* Often.execute("1", { _tag: "CountOne" })
      yield* Often.execute("1", { _tag: "CountTwo" })
      const store = yield* EventStore
      const resumed = yield* store.resume(Often, "1", {
        snapshot: { of: Often.snapshots!, version: undefined, at: undefined }
      })
      assert.deepStrictEqual(resumed.snapshot?.state, { one: 1, two: 1 })
    }).pipe(Effect.provide(MemoryEventStore.layer)))
})

describe("aggregates cannot be combined", () => {
  const one = counter(CountOne, OneCounted, oneCounted, stored)

  it("if two of them have a command, an event or a stored name in common", () => {
    const sameCommand = counter(CountOne, TwoCounted, twoCounted)
    const sameEvent = counter(CountTwo, OneCounted, oneCounted)
    const sameName = counter(CountTwo, TwoCounted, twoCounted, { storedAs: { TwoCounted: "Counted" } })
    assert.throws(
      // @ts-expect-error: the compiler tells, too
      () => Aggregate.combine("Both", { one, sameCommand }),
      "Both: one and sameCommand both have a command CountOne; rename one of them"
    )
    assert.throws(
      // @ts-expect-error: the compiler tells, too
      () => Aggregate.combine("Both", { one, sameEvent }),
      "Both: one and sameEvent both have an event OneCounted; rename one of them"
    )
    assert.throws(
      () => Aggregate.combine("Both", { one, sameName }),
      `Events of one and of sameName are both stored as "Counted"; rename one of them`
    )
  })

  it("if there are none", () => assert.throws(() => Aggregate.combine("None", {}), "None is made of no aggregates"))

  it("if a schema of commands does not say their tags", () => {
    const vague = counter(Schema.Struct({ _tag: Schema.String }), TwoCounted, twoCounted)
    // @ts-expect-error: it may have any tag, and so that of another
    const combine = () => Aggregate.combine("Both", { one, vague })
    assert.throws(combine, "Both: the schema of vague does not say which tags it has")
  })
})
