import { assert, describe, it } from "@effect/vitest"
import { given } from "@refold/vitest/Given"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import { failureOf } from "./failing.ts"

class NotEnough extends Data.TaggedError("NotEnough")<{ readonly missing: number }> {
  override get message(): string {
    return `${this.missing} short`
  }
}

const Cents = Schema.Int.check(Schema.isGreaterThan(0))

/** Debits decide again, and a closing collides with everything. */
const Account = Aggregate.make("Account", {
  command: Schema.TaggedUnion({ Credit: { cents: Schema.Int }, Debit: { cents: Schema.Int }, Close: {}, Blame: {} }),
  event: Schema.TaggedUnion({ Credited: { cents: Cents }, Debited: { cents: Cents }, Closed: {} }),
  state: Schema.Int,
  initial: 0,
  decide: (command, balance) => {
    switch (command._tag) {
      case "Credit":
        return [{ _tag: "Credited", cents: command.cents }]
      case "Debit":
        return balance < command.cents
          ? Result.fail(new NotEnough({ missing: command.cents - balance }))
          : [{ _tag: "Debited", cents: command.cents }]
      case "Close":
        return balance === 0 ? [{ _tag: "Closed" }] : [{ _tag: "Debited", cents: balance }, { _tag: "Closed" }]
      case "Blame":
        return Result.fail("nobody" as const)
    }
  },
  evolve: (balance, event) =>
    event._tag === "Closed" ? balance : event._tag === "Credited" ? balance + event.cents : balance - event.cents,
  conflicts: { Credited: "commutes", Debited: { redecides: ["Debited"] }, Closed: "collides" }
})

const hundred = given(Account, [{ _tag: "Credited", cents: 100 }])
const debit = (cents: number) => ({ _tag: "Debit", cents }) as const
const debited = (cents: number) => ({ _tag: "Debited", cents }) as const

describe("a command", () => {
  it("decides events on what was given", () => {
    hundred.when(debit(60)).then([debited(60)]).thenState(40)
    hundred.when({ _tag: "Close" }).then([debited(100), { _tag: "Closed" }])
  })

  it("decides on the outcome of those before it, checked or not", () => {
    hundred.when(debit(60)).when(debit(50)).thenRejected("NotEnough")
    hundred.when(debit(60)).then([debited(60)]).when(debit(40)).then([debited(40)]).thenState(0)
    hundred.when(debit(60)).thenState(40).when(debit(40)).thenState(0)
  })

  it("leaves what it began with as it was", () => {
    const after = hundred.when(debit(60))
    after.when(debit(40)).then([debited(40)])
    after.when(debit(30)).then([debited(30)])
    hundred.thenState(100)
  })

  it("is rejected, which changes nothing", () => {
    hundred.when(debit(101)).thenRejected("NotEnough").thenState(100).when(debit(100)).then([debited(100)])
    hundred.when(debit(101)).thenRejected(new NotEnough({ missing: 1 }))
    hundred.when(debit(101)).thenRejected((rejection) => rejection !== "nobody" && rejection.missing === 1)
    hundred.when({ _tag: "Blame" }).thenRejected("nobody")
  })

  it("that has seen less decides again, is placed after what it missed, or is in conflict", () => {
    hundred.when(debit(60)).when(debit(40), { seen: 1 }).then([debited(40)])
    hundred.when(debit(60)).when(debit(50), { seen: 1 }).thenRejected(new NotEnough({ missing: 10 }))
    hundred.when(debit(60)).when({ _tag: "Credit", cents: 1 }, { seen: 1 }).then([{ _tag: "Credited", cents: 1 }])
    hundred.when(debit(60)).when({ _tag: "Close" }, { seen: 1 }).thenConflict([["Closed", debited(60)]])
    hundred.when(debit(60)).when({ _tag: "Credit", cents: 1 }, { strict: 1 }).thenConflict().thenState(40)
  })

  it.effect("can be tested inside of an effect, where what is not met is a defect", () =>
    Effect.gen(function*() {
      yield* Effect.void
      hundred.when(debit(60)).then([debited(60)])
      const exit = yield* Effect.exit(Effect.sync(() => hundred.when(debit(60)).then([])))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }))
})

describe("an expectation that is not met", () => {
  it("shows the events beside those expected, and tells the whole story", () => {
    const { actual, calledFrom, expected, message, name } = failureOf(() =>
      hundred.when(debit(60)).when(debit(30), { seen: 1 }).then([debited(3)])
    )
    assert.strictEqual(name, "AssertionError")
    assert.strictEqual(
      message,
      [
        `Account: Debit {"cents":30}, having seen version 1, came to Debited {"cents":30}; expected Debited {"cents":3}`,
        "",
        "given",
        `  1. Credited {"cents":100}`,
        "when",
        `  Debit {"cents":60} came to Debited {"cents":60}`
      ].join("\n")
    )
    assert.deepStrictEqual([actual, expected], [[debited(30)], [debited(3)]])
    assert.include(calledFrom, import.meta.filename)
  })

  it("shows the rejection that came instead", () => {
    const { actual, expected, message } = failureOf(() => hundred.when(debit(103)).then([debited(103)]))
    assert.include(message, `Debit {"cents":103} was rejected with NotEnough: 3 short; expected Debited {"cents":103}`)
    assert.deepStrictEqual(actual, {
      rejected: { _tag: "NotEnough", name: "NotEnough", message: "3 short", missing: 3 }
    })
    assert.deepStrictEqual(expected, [debited(103)])
  })

  it("shows the conflict that came instead", () => {
    const { actual, message } = failureOf(() => hundred.when(debit(100)).when({ _tag: "Close" }, { seen: 1 }).then([]))
    assert.include(
      message,
      "was in conflict: Account-1: Closed, decided at version 1, collides with Debited at version 2"
    )
    assert.deepStrictEqual(actual, { conflict: [[{ _tag: "Closed" }, debited(100)]] })
  })

  it("shows what came of a command that should have been rejected, left undone or in conflict", () => {
    const when = hundred.when(debit(60))
    for (
      const assertion of [
        () => when.thenRejected("NotEnough"),
        () => when.thenRejected(() => true),
        () => when.thenRejected(new NotEnough({ missing: 1 })),
        () => when.thenUnchanged(),
        () => when.thenConflict(),
        () => when.thenConflict([["Debited", "Debited"]])
      ]
    ) assert.deepStrictEqual(failureOf(assertion).actual, [debited(60)])
  })

  it("tells one rejection from another, by its tag, its fields, or what is asked of it", () => {
    const when = hundred.when(debit(101))
    const asks = failureOf(() => when.thenRejected((rejection) => rejection === "nobody"))
    assert.include(asks.message, "was rejected with NotEnough: 1 short; expected to be rejected otherwise")
    assert.deepStrictEqual(failureOf(() => when.thenRejected("nobody")).actual, "NotEnough")
    const { actual, expected } = failureOf(() => when.thenRejected(new NotEnough({ missing: 2 })))
    assert.deepStrictEqual(actual, { _tag: "NotEnough", name: "NotEnough", message: "1 short", missing: 1 })
    assert.deepStrictEqual(expected, { _tag: "NotEnough", name: "NotEnough", message: "2 short", missing: 2 })
  })

  it("tells one conflict from another, by its pairs", () => {
    const when = hundred.when(debit(60)).when({ _tag: "Close" }, { seen: 1 })
    const byTag = failureOf(() => when.thenConflict([["Debited", "Debited"]]))
    assert.deepStrictEqual(byTag.actual, [["Closed", "Debited"]])
    const byEvent = failureOf(() => when.thenConflict([["Closed", debited(6)]]))
    assert.deepStrictEqual(byEvent.actual, [["Closed", debited(60)]])
    assert.deepStrictEqual(failureOf(() => when.thenConflict([])).actual, [[{ _tag: "Closed" }, debited(60)]])
    assert.include(byTag.message, "expected a conflict of Debited with Debited")
  })

  it("shows the state beside the one expected", () => {
    const { actual, expected, message } = failureOf(() => hundred.when(debit(60)).thenState(50))
    assert.include(message, "the state of Account is not the expected one")
    assert.include(message, `  Debit {"cents":60} came to Debited {"cents":60}`)
    assert.deepStrictEqual([actual, expected], [40, 50])
  })

  it("is implied by going on: a command that nothing is expected of must land", () => {
    const refused = hundred.when(debit(101))
    assert.include(failureOf(() => refused.when(debit(1))).message, "NotEnough: 1 short; expected it to land")
    assert.include(failureOf(() => refused.thenState(100)).message, "expected it to land")
  })
})

describe("a test that is wrong itself is told", () => {
  it("that an event it gives, or the command decides, cannot be stored", () => {
    assert.include(
      failureOf(() => given(Account, [debited(1), { _tag: "Credited", cents: -1 }])).message,
      `given(Account): Credited {"cents":-1} cannot be stored: `
    )
    assert.include(
      failureOf(() => hundred.when({ _tag: "Credit", cents: 0 })).message,
      `given(Account): Credited {"cents":0} cannot be stored: `
    )
  })

  it("that nobody can have seen that version", () => {
    for (const options of [{ seen: 2 }, { seen: -1 }, { seen: 0.5 }, { strict: 2 }]) {
      assert.include(
        failureOf(() => hundred.when(debit(1), options)).message,
        `there is no version ${options.seen ?? options.strict} to have seen; the stream is at 1`
      )
    }
  })

  it("that it ends before it expects anything", async () => {
    for (const unfinished of [hundred, given(Account), hundred.when(debit(60))]) {
      const awaited = await Promise.resolve(unfinished).then(() => "passed", (error: Error) => error.message)
      assert.strictEqual(
        awaited,
        "given(Account) was awaited, or returned by a test, without an expectation: end it with a `then`"
      )
    }
    for (const finished of [hundred.thenState(100), hundred.when(debit(60)).then([debited(60)])]) {
      assert.strictEqual(await Promise.resolve(finished), finished)
    }
  })
})
