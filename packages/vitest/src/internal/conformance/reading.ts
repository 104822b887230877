import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Aggregate from "refold/Aggregate"
import * as EventStore from "refold/EventStore"
import * as StreamId from "refold/StreamId"
import { Account, freshId, type It, Lead, makeLead } from "./fixtures.ts"

const Everything = Aggregate.make("Everything", {
  command: Schema.TaggedUnion({ Record: {} }),
  event: Schema.TaggedUnion({
    Recorded: {
      text: Schema.String,
      // JSON has no negative zero
      number: Schema.Finite.check(Schema.makeFilter((n: number) => !Object.is(n, -0))),
      big: Schema.BigInt,
      date: Schema.DateTimeUtc,
      bytes: Schema.Uint8Array,
      list: Schema.Array(Schema.NullOr(Schema.Boolean)),
      nested: Schema.Struct({ optional: Schema.optionalKey(Schema.String) }),
      record: Schema.Record(Schema.String, Schema.String)
    }
  }),
  state: Schema.Int,
  initial: 0,
  decide: () => [],
  evolve: (count) => count + 1,
  conflicts: "collides"
})

export const reading = (it: It) => {
  it.effect("a stream that does not exist is empty, at version 0", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const id = freshId()
      assert.deepStrictEqual(yield* Stream.runCollect(store.read(Lead, id)), [])
      assert.strictEqual(yield* store.version(Lead, id), 0)
      assert.deepStrictEqual(yield* Lead.load(id), { state: Lead.initial, version: 0, position: 0 })
    }))

  it.effect("reading from beyond the end of a stream still knows its version", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const id = freshId()
      yield* store.append(Account, id, [1, 2, 3].map((cents) => ({ _tag: "Credited", cents })))
      assert.deepStrictEqual(yield* Stream.runCollect(store.read(Account, id, { after: 3 })), [])
      assert.deepStrictEqual(yield* Stream.runCollect(store.read(Account, id, { after: 99 })), [])
      assert.strictEqual(yield* store.version(Account, id), 3)
      const first = yield* Stream.runCollect(Stream.take(store.read(Account, id), 1))
      const rest = yield* Stream.runCollect(store.read(Account, id, { after: 1 }))
      assert.deepStrictEqual([...first, ...rest].map((event) => event.version), [1, 2, 3])
    }))

  it.effect("a long stream is read whole and in order", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const id = freshId()
      const cents = Array.from({ length: 2500 }, (_, index) => index + 1)
      yield* store.append(Account, id, cents.map((cents) => ({ _tag: "Credited", cents })))
      const events = yield* Stream.runCollect(store.read(Account, id))
      assert.deepStrictEqual(events.map((event) => event.event.cents), cents)
      assert.deepStrictEqual(events.map((event) => event.version), cents)
      const { state, version } = yield* Account.load(id)
      assert.deepStrictEqual([state, version], [2500 * 2501 / 2, 2500])
      assert.strictEqual((yield* Account.load(id, { version: 3 })).state, 6)
    }))

  it.effect("an aggregate can be loaded as it was at a version or at an instant", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const id = freshId()
      const { events: [first] } = yield* store.append(Account, id, [{ _tag: "Credited", cents: 1 }])
      let second = first!
      while (second.recordedAt.epochMilliseconds === first!.recordedAt.epochMilliseconds) {
        second = (yield* store.append(Account, id, [{ _tag: "Credited", cents: 1 }])).events[0]!
      }
      assert.strictEqual((yield* Account.load(id, { version: 1 })).version, 1)
      assert.strictEqual((yield* Account.load(id, { at: second.recordedAt })).version, second.version)
      assert.strictEqual((yield* Account.load(id, { at: first!.recordedAt })).version, second.version - 1)
      assert.strictEqual((yield* Account.load(id, { version: 10_000 })).version, second.version)
    }))

  it.effect("a place or a page that makes no sense is named", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      for (const options of [{ pageSize: 0 }, { pageSize: 1.5 }, { after: -1 }, { after: Number.NaN }]) {
        const exit = yield* Effect.exit(Stream.runCollect(store.readAll([Lead], options)))
        const [name] = Object.keys(options)
        assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", `${name} must be a whole number`)
      }
    }))

  it.effect("the log holds the events of the named sources, in the order in which they were appended", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const [a, b] = [makeLead(`A-${freshId()}`), makeLead(`B-${freshId()}`)]
      const id = freshId()
      yield* store.append(a, id, [{ _tag: "NameChanged", name: "1" }])
      yield* store.append(b, id, [{ _tag: "NameChanged", name: "2" }, { _tag: "NameChanged", name: "3" }])
      yield* store.append(Lead, id, [{ _tag: "NameChanged", name: "not asked for" }])
      yield* store.append(a, id, [{ _tag: "NameChanged", name: "4" }])
      const names = (events: ReadonlyArray<{ event: { _tag: string; name?: string } }>) =>
        events.map(({ event }) => event.name)
      const all = yield* Stream.runCollect(store.readAll([a, b], { pageSize: 2 }))
      assert.deepStrictEqual(names(all), ["1", "2", "3", "4"])
      assert.deepStrictEqual(names(yield* Stream.runCollect(store.readAll([a]))), ["1", "4"])
      const rest = yield* Stream.runCollect(store.readAll([a, b], { after: all[1]!.position }))
      assert.deepStrictEqual(names(rest), ["3", "4"])
    }))

  it.effect.prop(
    "what a schema can express is read back as it was written",
    { event: Everything.event },
    ({ event }) =>
      Effect.gen(function*() {
        const store = yield* EventStore.EventStore
        const id = freshId()
        const strange = "\0 \ud800 \udfff \u2028 👩‍👩‍👧 \\u0000 \"'"
        const events = [event, { ...event, text: strange + event.text }]
        yield* store.append(Everything, id, events)
        const read = yield* Stream.runCollect(store.read(Everything, id))
        assert.deepStrictEqual(read.map(({ event }) => event), events)
      }),
    { arbitrary: { runs: 50 } }
  )

  it.effect("a tenant sees its own streams only", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const lead = makeLead(`Tenant-${freshId()}`)
      const as = (tenant: string) => Effect.provideService(StreamId.Tenant, tenant)
      yield* store.append(lead, "1", [{ _tag: "NameChanged", name: "Ann" }]).pipe(as("acme"))
      assert.strictEqual((yield* lead.load("1").pipe(as("acme"))).state.name, "Ann")
      assert.strictEqual((yield* lead.load("1").pipe(as("umbrella"))).version, 0)
      assert.strictEqual((yield* Stream.runCollect(store.readAll([lead])).pipe(as("umbrella"))).length, 0)
      assert.strictEqual((yield* Stream.runCollect(store.readAll([lead])).pipe(as("acme"))).length, 1)
    }))
}
