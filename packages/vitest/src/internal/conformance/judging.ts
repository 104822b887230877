import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import { EventStore } from "refold/EventStore"
import { conflictOf, freshId, heldAtAppend, type It } from "./fixtures.ts"
import { makeInvoice } from "./invoice.ts"

const Invoice = makeInvoice()

const change = (...skus: ReadonlyArray<string>) => ({
  _tag: "ChangeLines" as const,
  lines: skus.map((sku) => ({ sku, quantity: 5 }))
})
const ship = (sku: string, quantity: number) => ({ _tag: "Ship" as const, sku, quantity })
const discount = (sku: string, percent: number) => ({ _tag: "GiveDiscount" as const, sku, percent })

/** An invoice with five caps and five hats, at version 2. */
const createInvoice = Effect.gen(function*() {
  const id = freshId()
  yield* Invoice.execute(id, change("cap", "hat"))
  return id
})

type Executed = ReturnType<typeof Invoice.execute>
type Ending = Result.Result<Effect.Success<Executed>, Effect.Error<Executed>>

/** The events of a command that landed, with their versions. */
const landed = (ending: Ending) =>
  Result.map(ending, ({ events }) => events.map(({ event, version }) => [version, event] as const))

/** The same races however the two commands meet: in line within a process, or through the store as from two. */
const races = (
  it: It,
  name: string,
  both: (
    first: (invoice: typeof Invoice) => Executed,
    second: (invoice: typeof Invoice) => Executed
  ) => Effect.Effect<readonly [Ending, Ending], never, EventStore>
) => {
  it.effect(`lines of different articles both land, ${name}`, () =>
    Effect.gen(function*() {
      const id = yield* createInvoice
      const [first, second] = yield* both(
        (invoice) => invoice.execute(id, change("hat")),
        (invoice) => invoice.execute(id, change("cap"))
      )
      assert.isTrue(Result.isSuccess(first))
      assert.deepStrictEqual(landed(second), Result.succeed([[4, { _tag: "LineChanged", sku: "cap", quantity: 5 }]]))
      if (Result.isFailure(second)) return
      assert.deepStrictEqual(second.success.missed.map(({ version }) => version), [3])
    }))

  it.effect(`a line of the same article collides, and the conflict names that pair alone, ${name}`, () =>
    Effect.gen(function*() {
      const id = yield* createInvoice
      const [, second] = yield* both(
        (invoice) => invoice.execute(id, change("scarf", "hat", "glove"), { metadata: { actor: "bob" } }),
        (invoice) => invoice.execute(id, change("cap", "hat"))
      )
      const conflict = conflictOf(second)
      assert.deepStrictEqual([conflict.expected, conflict.actual, conflict.theirs.length], [2, 5, 3])
      assert.deepStrictEqual<unknown>(conflict.pairs.map(({ mine, theirs }) => [mine, theirs.version, theirs.event]), [
        [{ _tag: "LineChanged", sku: "hat", quantity: 5 }, 4, { _tag: "LineChanged", sku: "hat", quantity: 5 }]
      ])
      assert.strictEqual(conflict.pairs[0]?.theirs.metadata.actor, "bob")
    }))

  it.effect(`a type that collides without a condition does so beside one that has one, ${name}`, () =>
    Effect.gen(function*() {
      const id = yield* createInvoice
      const [, second] = yield* both(
        (invoice) => invoice.execute(id, { _tag: "Delete" }),
        (invoice) => invoice.execute(id, change("cap"))
      )
      assert.deepStrictEqual(conflictOf(second).pairs.map(({ theirs }) => theirs.event._tag), ["InvoiceDeleted"])
    }))

  it.effect(`what is shipped is decided again after the same article, and after no other, ${name}`, () =>
    Effect.gen(function*() {
      for (const [sku, left] of [["hat", 2], ["cap", 4]] as const) {
        const id = yield* createInvoice
        const [, second] = yield* both(
          (invoice) => invoice.execute(id, ship("hat", 3)),
          (invoice) => invoice.execute(id, ship(sku, 4))
        )
        assert.deepStrictEqual(landed(second), Result.succeed([[4, { _tag: "Shipped", sku, quantity: left }]]))
      }
    }))

  it.effect(`a discount collides with one on the same article, and is decided again after any other, ${name}`, () =>
    Effect.gen(function*() {
      const id = yield* createInvoice
      const [, other] = yield* both(
        (invoice) => invoice.execute(id, discount("hat", 30)),
        (invoice) => invoice.execute(id, discount("cap", 30))
      )
      assert.deepStrictEqual(landed(other), Result.succeed([[4, { _tag: "DiscountGiven", sku: "cap", percent: 20 }]]))
      const again = yield* createInvoice
      const [, same] = yield* both(
        (invoice) => invoice.execute(again, discount("hat", 30)),
        (invoice) => invoice.execute(again, discount("hat", 30))
      )
      assert.lengthOf(conflictOf(same).pairs, 1)
    }))
}

export const judging = (it: It) => {
  races(
    it,
    "in line within a process",
    (first, second) =>
      Effect.all([Effect.result(first(Invoice)), Effect.result(second(Invoice))], { concurrency: "unbounded" })
  )

  races(it, "through the store", (first, second) =>
    Effect.gen(function*() {
      const slow = yield* heldAtAppend(Effect.result(second(makeInvoice())))
      const fast = yield* Effect.result(first(Invoice))
      yield* slow.pass
      return [fast, yield* Fiber.join(slow.fiber)] as const
    }))

  it.effect("a screen opened at an old version may change the line nobody has changed since", () =>
    Effect.gen(function*() {
      const id = yield* createInvoice
      yield* Invoice.execute(id, change("hat"))
      const { missed, version } = yield* Invoice.execute(id, change("cap"), { seen: 2 })
      assert.deepStrictEqual([version, missed.map(({ version }) => version)], [4, [3]])
      const conflict = conflictOf(yield* Effect.result(Invoice.execute(id, change("hat"), { seen: 2 })))
      assert.deepStrictEqual([conflict.theirs.length, conflict.pairs.map(({ theirs }) => theirs.version)], [2, [3]])
      assert.strictEqual((yield* Invoice.execute(id, change("hat"), { seen: 3 })).version, 5)
      conflictOf(yield* Effect.result(Invoice.execute(id, change("sock"), { strict: 3 })))
    }))

  it.effect("a line is placed after all that raced with it, however often the store sends it back", () =>
    Effect.gen(function*() {
      const store = yield* EventStore
      const id = yield* createInvoice
      let overtaken = 0
      const hurried: EventStore["Service"] = {
        ...store,
        append: (source, id, events, options) =>
          Effect.suspend(() => ++overtaken > 3 ? Effect.void : Effect.orDie(Invoice.execute(id, change("hat")))).pipe(
            Effect.provideService(EventStore, store),
            Effect.andThen(store.append(source, id, events, options))
          )
      }
      const appended = yield* makeInvoice().execute(id, change("cap")).pipe(Effect.provideService(EventStore, hurried))
      assert.deepStrictEqual([appended.version, appended.missed.map(({ version }) => version)], [6, [3, 4, 5]])
      assert.strictEqual(overtaken, 4)
    }))

  it.effect("a condition that throws is a defect, appends nothing, and does not stop the next in line", () =>
    Effect.gen(function*() {
      const id = freshId()
      const broken = Aggregate.make("Broken", {
        command: Schema.TaggedUnion({ Add: { text: Schema.String } }),
        event: Schema.TaggedUnion({ Added: { text: Schema.String } }),
        state: Schema.Null,
        initial: null,
        decide: ({ text }) => [{ _tag: "Added", text }],
        evolve: () => null,
        conflicts: {
          Added: {
            collides: {
              Added: (mine) => {
                if (mine.text === "bad") throw new Error("no such text")
                return false
              }
            }
          }
        }
      })
      const [, bad, good] = yield* Effect.forEach(
        ["first", "bad", "good"],
        (text) => Effect.exit(broken.execute(id, { _tag: "Add", text })),
        { concurrency: "unbounded" }
      )
      assert.isTrue(bad !== undefined && Exit.hasDies(bad))
      assert.isTrue(good !== undefined && Exit.isSuccess(good))
      assert.strictEqual((yield* broken.load(id)).version, 2)
    }))
}
