import { assert } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Aggregate from "refold/Aggregate"
import * as EventStore from "refold/EventStore"
import { Tenant } from "refold/StreamId"
import { Account, changeName, close, createLead, followUp, freshId, type It, Lead, makeAccount } from "./fixtures.ts"

/** A cart is opened once, and what is put into it makes one or two events. */
const makeCart = () =>
  Aggregate.make("Cart", {
    command: Schema.TaggedUnion({ Open: {}, Put: { articles: Schema.Array(Schema.String) } }),
    event: Schema.TaggedUnion({ Opened: {}, ArticlePut: { article: Schema.String }, Filled: {} }),
    state: Schema.Struct({ isOpen: Schema.Boolean, articles: Schema.Int }),
    initial: { isOpen: false, articles: 0 },
    decide: (command, { articles, isOpen }) => {
      if (command._tag === "Open") return isOpen ? Result.fail("open already" as const) : [{ _tag: "Opened" as const }]
      const put = command.articles.map((article) => ({ _tag: "ArticlePut" as const, article }))
      return articles + put.length < 3 ? put : [...put, { _tag: "Filled" as const }]
    },
    evolve: (state, event) =>
      event._tag === "Opened"
        ? { ...state, isOpen: true }
        : event._tag === "Filled"
        ? state
        : { ...state, articles: state.articles + 1 },
    conflicts: "redecides"
  })

export const once = (it: It) => {
  const put = (...articles: ReadonlyArray<string>) => ({ _tag: "Put" as const, articles })

  it.effect("a command that is sent again under its id does nothing, and tells what it did the first time", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const id = freshId()
      const cart = makeCart()
      const commandId = freshId()
      const first = yield* cart.execute(id, put("a", "b", "c"), { commandId })
      assert.isFalse(first.repeated)
      yield* cart.execute(id, put("d"))
      const again = yield* makeCart().execute(id, put("a", "b", "c"), { commandId })
      assert.deepStrictEqual(again, { ...first, missed: [], repeated: true })
      assert.strictEqual(yield* store.version(cart, id), 6)
      assert.deepStrictEqual(again.events.map(({ metadata }) => metadata.commandId), [
        commandId,
        commandId,
        commandId,
        commandId
      ])
    }))

  it.effect("of twenty senders of one command, one does it and all are told the same", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const id = freshId()
      const cart = makeCart()
      // the second to arrive would be rejected
      const told = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, sender) => sender % 3 === 0 ? makeCart() : cart),
        (own) => own.execute(id, { _tag: "Open" }, { commandId: "open it" }),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(yield* store.version(cart, id), 1)
      assert.strictEqual(told.filter(({ repeated }) => !repeated).length, 1)
      for (const { events, version } of told) {
        assert.strictEqual(version, 1)
        assert.deepStrictEqual(events, told[0]!.events)
      }
      // each of these would collide with the first
      const lead = yield* createLead
      const renamed = yield* Effect.forEach(
        Array.from({ length: 20 }, () => Lead),
        (own) => own.execute(lead, changeName("Bea"), { commandId: "rename", seen: 1 }),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(new Set(renamed.map(({ version }) => version)), new Set([2]))
    }))

  it.effect("who decides more or less than the first time is told what was appended then", () =>
    Effect.gen(function*() {
      const id = freshId()
      const cart = makeCart()
      const commandId = freshId()
      const [one, other] = yield* Effect.all([
        cart.execute(id, put("a", "b"), { commandId }),
        // as if a later release decided otherwise
        makeCart().execute(id, put("a", "b", "c"), { commandId })
      ], { concurrency: "unbounded" })
      assert.deepStrictEqual(one.events, other.events)
      const fewer = yield* makeCart().execute(id, put("a"), { commandId })
      assert.deepStrictEqual(fewer.events, one.events)
    }))

  it.effect("the same id to another instance, another aggregate or another tenant is another command", () =>
    Effect.gen(function*() {
      const id = freshId()
      const commandId = freshId()
      const credit = { _tag: "Credit" as const, cents: 1 }
      const all = [
        yield* Account.execute(id, credit, { commandId }),
        yield* Account.execute(freshId(), credit, { commandId }),
        yield* makeAccount(`Account-${freshId()}`).execute(id, credit, { commandId }),
        yield* Effect.provideService(Account.execute(id, credit, { commandId }), Tenant, freshId())
      ]
      assert.deepStrictEqual(all.map(({ repeated }) => repeated), [false, false, false, false])
      assert.strictEqual(new Set(all.map(({ events: [event] }) => event!.id)).size, 4)
    }))

  it.effect("a command that was rejected, or collided, is decided again", () =>
    Effect.gen(function*() {
      const id = freshId()
      const commandId = freshId()
      const debit = Account.execute(id, { _tag: "Debit", cents: 5 }, { commandId })
      assert.strictEqual((yield* Effect.flip(debit))._tag, "InsufficientFunds")
      yield* Account.execute(id, { _tag: "Credit", cents: 5 })
      assert.isFalse((yield* debit).repeated)
      assert.isTrue((yield* debit).repeated)

      const lead = yield* createLead
      yield* Lead.execute(lead, close)
      const stale = { commandId, seen: 1 }
      assert.strictEqual((yield* Effect.flip(Lead.execute(lead, followUp, stale)))._tag, "Conflict")
      assert.isFalse((yield* Lead.execute(lead, followUp, { commandId })).repeated)
      // the stale screen it was sent from does not matter any more
      assert.isTrue((yield* Lead.execute(lead, followUp, stale)).repeated)
    }))

  it.effect("commands with ids take their turn among others", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const id = freshId()
      yield* Effect.forEach(
        Array.from({ length: 60 }, (_, n) => n),
        (n) =>
          Account.execute(id, { _tag: "Credit", cents: 1 }, { commandId: n % 2 === 0 ? `even ${n % 20}` : undefined }),
        { concurrency: "unbounded" }
      )
      const events = yield* Stream.runCollect(store.read(Account, id))
      assert.strictEqual(events.length, 40)
      assert.strictEqual((yield* Account.load(id)).state, 40)
    }))

  it.effect("a command sent because of an event knows of it, also where the process is still waiting for its append", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const id = freshId()
      const [appended, answer, inLine] = yield* Effect.all([
        Deferred.make<void>(),
        Deferred.make<void>(),
        Deferred.make<void>()
      ])
      let isFirst = true
      const slow: EventStore.EventStore["Service"] = {
        ...store,
        append: (source, id, events, options) => {
          const append = store.append(source, id, events, options)
          if (!isFirst) return append
          isFirst = false
          return Effect.tap(append, () => Effect.andThen(Deferred.succeed(appended, undefined), Deferred.await(answer)))
        },
        // the last that is asked before a command gets in line
        inTransaction: Effect.tap(
          store.inTransaction,
          () => isFirst ? Effect.void : Deferred.succeed(inLine, undefined)
        )
      }
      yield* Effect.gen(function*() {
        const credit = yield* Effect.forkChild(Account.execute(id, { _tag: "Credit", cents: 5 }))
        yield* Deferred.await(appended)
        const debit = yield* Effect.forkChild(
          Account.execute(id, { _tag: "Debit", cents: 5 }, { commandId: "debit" }),
          {
            startImmediately: true
          }
        )
        yield* Effect.sleep("20 millis")
        yield* Deferred.succeed(answer, undefined)
        yield* Fiber.join(credit)
        assert.strictEqual((yield* Fiber.join(debit)).version, 2)
      }).pipe(Effect.provideService(EventStore.EventStore, slow))
    }))
}
