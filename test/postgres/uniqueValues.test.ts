import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import * as Reservations from "refold/Reservations"
import * as Unique from "refold/Unique"
import { openTransaction, startProcess, store, untilBlocked } from "./fixtures/database.ts"
import { freshId } from "./fixtures/domain.ts"

const makePerson = (category: string) =>
  Aggregate.make(category, {
    command: Schema.TaggedUnion({ SetEmail: { email: Schema.String } }),
    event: Schema.TaggedUnion({ EmailSet: { email: Schema.String } }),
    state: Schema.String,
    initial: "",
    decide: ({ email }) => [{ _tag: "EmailSet", email }],
    evolve: (_, { email }) => email,
    conflicts: "collides",
    unique: { email: (email) => email }
  })

const setEmail = (email: string) => ({ _tag: "SetEmail" as const, email })

layer(store, { excludeTestServices: true, timeout: "60 seconds" })("unique values", (it) => {
  it.effect("are claimed and released with the transaction, or not at all", () =>
    Effect.gen(function*() {
      const person = makePerson(`Person-${freshId()}`)
      const holders = Effect.forEach(["a", "b"], (email) => Reservations.holder(person, "email", email))
      yield* person.execute("ann", setEmail("a"))
      const undone = yield* openTransaction
      yield* undone.run(person.execute("ann", setEmail("b")))
      yield* undone.run(person.execute("bob", setEmail("a")))
      assert.deepStrictEqual(yield* undone.run(holders), ["bob", "ann"])
      assert.deepStrictEqual(yield* holders, ["ann", undefined])
      yield* undone.rollback
      assert.deepStrictEqual(yield* holders, ["ann", undefined])
      const done = yield* openTransaction
      yield* done.run(person.execute("ann", setEmail("b")))
      const refused = yield* Effect.flip(done.run(person.execute("bob", setEmail("b"))))
      assert.instanceOf(refused, Unique.NotUnique)
      yield* done.run(person.execute("bob", setEmail("a")))
      yield* done.commit
      assert.deepStrictEqual(yield* holders, ["bob", "ann"])
    }))

  it.effect("that a transaction has claimed are waited for: theirs if it is committed, else ours", () =>
    Effect.gen(function*() {
      for (const end of ["commit", "rollback"] as const) {
        const category = `Person-${freshId()}`
        const process = yield* startProcess()
        const transaction = yield* openTransaction
        yield* transaction.run(makePerson(category).execute("ann", setEmail("a")))
        const other = yield* Effect.forkChild(
          Effect.result(process.run(makePerson(category).execute("bob", setEmail("a"))))
        )
        yield* untilBlocked(process)
        yield* transaction[end]
        const result = yield* Fiber.join(other)
        assert.strictEqual(Result.isSuccess(result), end === "rollback")
        if (Result.isFailure(result)) assert.instanceOf(result.failure, Unique.NotUnique)
      }
    }))

  it.effect("go to one instance each, whichever of several processes asks", () =>
    Effect.gen(function*() {
      const category = `Person-${freshId()}`
      const processes = yield* Effect.forEach([1, 2, 3], () => startProcess())
      const people = processes.map((process) => ({ process, person: makePerson(category) }))
      const emails = Array.from({ length: 20 }, (_, index) => `${index}`)
      const results = yield* Effect.forEach(
        emails.flatMap((email) => people.map((where) => ({ ...where, email }))),
        ({ email, person, process }) => Effect.result(process.run(person.execute(freshId(), setEmail(email)))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        results.filter(Result.isSuccess).map(({ success }) => success.events[0]!.event.email).toSorted(),
        emails.toSorted()
      )
    }))
})
