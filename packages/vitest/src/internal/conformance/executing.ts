import { assert } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import { RetriesExhausted } from "refold/Conflict"
import { EventStore } from "refold/EventStore"
import { EventStoreError } from "refold/EventStoreError"
import {
  Account,
  changeName,
  close,
  conflictOf,
  createLead,
  followUp,
  freshId,
  heldAtAppend,
  InsufficientFunds,
  type It,
  Lead,
  makeAccount,
  makeLead
} from "./fixtures.ts"

export const executing = (it: It) => {
  it.effect("a screen opened at an old version is a race that started then", () =>
    Effect.gen(function*() {
      const id = yield* createLead
      yield* Lead.execute(id, close, { metadata: { actor: "bob" } })
      const landed = yield* Lead.execute(id, changeName("Bea"), { seen: 1 })
      assert.deepStrictEqual([landed.version, landed.missed.map((event) => event.version)], [3, [2]])
      const conflict = conflictOf(yield* Effect.result(Lead.execute(id, followUp, { seen: 1 })))
      assert.deepStrictEqual([conflict.expected, conflict.actual, conflict.theirs.length], [1, 3, 2])
      assert.deepStrictEqual(conflict.pairs.map(({ theirs }) => theirs.version), [2])
      const fresh = yield* Lead.execute(id, followUp, { seen: 3 })
      assert.deepStrictEqual([fresh.version, fresh.missed], [4, []])
    }))

  it.effect("nothing to do, or a no, on an old screen is asked again of what is true now", () =>
    Effect.gen(function*() {
      const id = yield* createLead
      yield* Lead.execute(id, changeName("Bea"))
      yield* Account.execute(id, { _tag: "Credit", cents: 1 })
      yield* Account.execute(id, { _tag: "Credit", cents: 9 })
      const debited = yield* Account.execute(id, { _tag: "Debit", cents: 10 }, { seen: 1 })
      assert.deepStrictEqual([debited.version, debited.missed.length], [3, 1])
      const idle = yield* Lead.execute(id, { _tag: "DoNothing" }, { seen: 1 })
      assert.deepStrictEqual([idle.version, idle.events], [2, []])
    }))

  it.effect("a command in line does not conflict with what it has seen of another process", () =>
    Effect.gen(function*() {
      const id = yield* createLead
      const closed = yield* Deferred.make<void>()
      const reopen = Lead.execute(id, { _tag: "ChangeStatus", status: "Available" }, { seen: 2 })
      const line = yield* heldAtAppend(
        Effect.all([Lead.execute(id, changeName("Bea")), Effect.andThen(Deferred.await(closed), reopen)], {
          concurrency: "unbounded"
        })
      )
      yield* makeLead("Lead").execute(id, close)
      yield* Deferred.succeed(closed, undefined)
      yield* Effect.yieldNow
      yield* line.pass
      const [named, reopened] = yield* Fiber.join(line.fiber)
      assert.deepStrictEqual([named.version, reopened.version], [3, 4])
      assert.deepStrictEqual(reopened.missed.map(({ version }) => version), [3])
    }))

  it.effect("a version nobody can have seen is a conflict", () =>
    Effect.gen(function*() {
      const id = yield* createLead
      const conflict = conflictOf(yield* Effect.result(Lead.execute(id, changeName("Bea"), { seen: 7 })))
      assert.deepStrictEqual([conflict.expected, conflict.actual, conflict.pairs], [7, 1, []])
      assert.include(conflict.message, "expected version 7, but the stream is at version 1")
    }))

  it.effect("a strict command conflicts with whatever it missed", () =>
    Effect.gen(function*() {
      const id = yield* createLead
      yield* Lead.execute(id, close)
      const conflict = conflictOf(yield* Effect.result(Lead.execute(id, changeName("Bea"), { strict: 1 })))
      assert.deepStrictEqual(conflict.pairs.map(({ mine, theirs }) => [mine._tag, theirs.event._tag]), [
        ["NameChanged", "StatusChanged"]
      ])
      assert.strictEqual((yield* Lead.execute(id, changeName("Bea"), { strict: 2 })).version, 3)
    }))

  it.effect("a strict command that decides nothing still conflicts, also with what it raced", () =>
    Effect.gen(function*() {
      const id = yield* createLead
      const nothing = { _tag: "DoNothing" as const }
      const slow = yield* heldAtAppend(Effect.result(makeLead("Lead").execute(id, nothing, { strict: 1 })))
      yield* Lead.execute(id, changeName("Bea"))
      yield* slow.pass
      assert.strictEqual(conflictOf(yield* Fiber.join(slow.fiber)).actual, 2)
      conflictOf(yield* Effect.result(Lead.execute(id, nothing, { strict: 1 })))
      assert.deepStrictEqual((yield* Lead.execute(id, nothing, { strict: 2 })).events, [])
      const lenient = yield* Lead.execute(id, nothing)
      assert.deepStrictEqual([lenient.version, lenient.events], [2, []])
    }))

  it.effect("a rejection keeps its own type and appends nothing", () =>
    Effect.gen(function*() {
      const id = freshId()
      const rejected = yield* Effect.catchTag(
        Account.execute(id, { _tag: "Debit", cents: 5 }),
        "InsufficientFunds",
        (e) => Effect.succeed(e.missing)
      )
      assert.strictEqual(rejected, 5)
      assert.strictEqual((yield* Account.load(id)).version, 0)
    }))

  it.effect("commands in line land in the order in which they arrived, each missing those ahead of it", () =>
    Effect.gen(function*() {
      const id = freshId()
      const amounts = Array.from({ length: 40 }, (_, index) => index + 1)
      const landed = yield* Effect.forEach(amounts, (cents) => Account.execute(id, { _tag: "Credit", cents }), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(landed.map((appended) => appended.version), amounts)
      assert.deepStrictEqual(landed.map((appended) => appended.missed.length), amounts.map((amount) => amount - 1))
      assert.strictEqual((yield* Account.load(id)).state, 820)
    }))

  it.effect("a hundred concurrent debits of 100 from 100: one goes through", () =>
    Effect.gen(function*() {
      const id = freshId()
      yield* Account.execute(id, { _tag: "Credit", cents: 100 })
      const processes = [makeAccount("Account"), makeAccount("Account"), makeAccount("Account"), makeAccount("Account")]
      const debits = Array.from({ length: 100 }, (_, index) =>
        Effect.result(processes[index % 4]!.execute(id, { _tag: "Debit", cents: 100 }, { attempts: 100 })))
      const results = yield* Effect.all(debits, { concurrency: "unbounded" })
      assert.strictEqual(results.filter(Result.isSuccess).length, 1)
      for (const lost of results.filter(Result.isFailure)) {
        assert.instanceOf(lost.failure, InsufficientFunds)
      }
      assert.strictEqual((yield* Account.load(id)).state, 0)
    }))

  it.effect("deciding again is bounded, and running out is an error of its own", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = freshId()
      yield* Account.execute(id, { _tag: "Credit", cents: 100 })
      let tries = 0
      const overtaken: EventStore["Service"] = {
        ...store,
        append: (source, id, events, options) =>
          Effect.sync(() => tries++).pipe(
            Effect.andThen(Effect.orDie(store.append(Account, id, [{ _tag: "Debited", cents: 1 }]))),
            Effect.andThen(store.append(source, id, events, options))
          )
      }
      const error = yield* makeAccount("Account").execute(id, { _tag: "Debit", cents: 1 }, { attempts: 3 }).pipe(
        Effect.provideService(EventStore, overtaken),
        Effect.flip
      )
      assert.instanceOf(error, RetriesExhausted)
      assert.deepStrictEqual([error.attempts, tries], [3, 3])
    }))

  it.effect("a renamed event keeps its stored name, and its conflicts", () =>
    Effect.gen(function*() {
      const category = `Renamed-${freshId()}`
      const name = Schema.Struct({ name: Schema.String })
      const command = Schema.TaggedUnion({ Name: { name: Schema.String } })
      const before = Aggregate.make(category, {
        command,
        event: Schema.TaggedUnion({ NameChanged: { name: Schema.String } }),
        state: name,
        initial: { name: "" },
        decide: (command) => [{ _tag: "NameChanged", name: command.name }],
        evolve: (_, { name }) => ({ name }),
        conflicts: { NameChanged: { collides: ["NameChanged"] } }
      })
      const after = Aggregate.make(category, {
        command,
        event: Schema.TaggedUnion({ Renamed: { name: Schema.String } }),
        state: name,
        initial: { name: "" },
        decide: (command) => [{ _tag: "Renamed", name: command.name }],
        evolve: (_, { name }) => ({ name }),
        conflicts: { Renamed: { collides: ["Renamed"] } },
        storedAs: { Renamed: "NameChanged" }
      })
      yield* before.execute("1", { _tag: "Name", name: "Ann" })
      const appended = yield* after.execute("1", { _tag: "Name", name: "Bea" })
      assert.strictEqual(appended.events[0]!.type, "NameChanged")
      assert.strictEqual((yield* before.load("1")).state.name, "Bea")
      const slow = yield* heldAtAppend(Effect.result(after.execute("1", { _tag: "Name", name: "Cy" })))
      yield* before.execute("1", { _tag: "Name", name: "Dee" })
      yield* slow.pass
      conflictOf(yield* Fiber.join(slow.fiber))
    }))

  it.effect("an event that can no longer be read is named with its place, and other streams still load", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const category = `Unreadable-${freshId()}`
      const lead = makeLead(category)
      const other = makeAccount(category)
      yield* lead.execute("bad", { _tag: "Initialize", name: "Ann" })
      yield* lead.execute("good", { _tag: "Initialize", name: "Bea" })
      const { position } = yield* store.append(other, "bad", [{ _tag: "Credited", cents: 1 }])
      const error = yield* Effect.flip(lead.execute("bad", changeName("Cy")))
      assert.instanceOf(error, EventStoreError)
      const { reason } = error
      assert.strictEqual(reason._tag, "UnreadableEvent")
      if (reason._tag !== "UnreadableEvent") return
      assert.deepStrictEqual([reason.stream.id, reason.version, reason.position, reason.type], [
        "bad",
        2,
        position,
        "Credited"
      ])
      assert.include(error.message, `${category}-bad, version 2 (position ${position}): Credited cannot be read`)
      assert.strictEqual((yield* lead.execute("good", changeName("Dee"))).version, 2)
    }))

  it.effect("an event of a type from the future is never silently taken to commute", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const category = `Future-${freshId()}`
      const lead = makeLead(category)
      yield* lead.execute("1", { _tag: "Initialize", name: "Ann" })
      const slow = yield* heldAtAppend(Effect.flip(lead.execute("1", changeName("Bea"))))
      yield* store.append(makeAccount(category), "1", [{ _tag: "Credited", cents: 1 }])
      yield* slow.pass
      const error = yield* Fiber.join(slow.fiber)
      assert.instanceOf(error, EventStoreError)
      assert.strictEqual(error.reason._tag, "UnreadableEvent")
      assert.strictEqual(yield* store.version(lead, "1"), 2)
    }))
}
