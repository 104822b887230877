import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as EventStore from "refold/EventStore"
import * as Reservations from "refold/Reservations"
import { Tenant } from "refold/StreamId"
import { conflictOf, freshId, type It } from "./fixtures.ts"
import {
  archive,
  type Command,
  heldAtAppend,
  makeLawless,
  makePerson,
  notUnique,
  rename,
  restore,
  setEmail
} from "./person.ts"

export const claiming = (it: It) => {
  it.effect("a unique value belongs to one instance, and whoever wants it is told to whom", () =>
    Effect.gen(function*() {
      const person = makePerson(`Person-${freshId()}`)
      const first = yield* person.execute("ann", setEmail("Ann@x.org"))
      assert.deepStrictEqual([first.version, first.missed, first.events.length], [1, [], 1])
      const error = yield* Effect.flip(person.execute("bob", setEmail("ann@X.org")))
      assert.deepStrictEqual(notUnique(Result.fail(error)), ["email", "ann@x.org", "ann"])
      assert.include(error.message, `${person.category}-bob: email "ann@x.org" belongs to ${person.category}-ann`)
      assert.strictEqual((yield* person.load("bob")).version, 0)
      assert.strictEqual(yield* Reservations.holder(person, "email", "ann@x.org"), "ann")
      assert.strictEqual(yield* Reservations.holder(person, "phone", "ann@x.org"), undefined)
      assert.strictEqual((yield* person.execute("ann", setEmail("ANN@x.org"))).version, 2)
    }))

  it.effect("of many who claim a unique value at once, exactly one gets it", () =>
    Effect.gen(function*() {
      const category = `Person-${freshId()}`
      const processes = [makePerson(category), makePerson(category), makePerson(category)]
      const results = yield* Effect.forEach(
        Array.from({ length: 30 }, (_, index) => `${index}`),
        (id, index) => Effect.result(processes[index % 3]!.execute(id, setEmail("a@x.org"))),
        { concurrency: "unbounded" }
      )
      const winners = results.flatMap((result) => Result.isSuccess(result) ? [result.success.stream.id] : [])
      assert.strictEqual(winners.length, 1)
      for (const lost of results.filter(Result.isFailure)) assert.deepStrictEqual(notUnique(lost)[2], winners[0])
    }))

  it.effect("a unique value that is changed or given up is free for others", () =>
    Effect.gen(function*() {
      const person = makePerson(`Person-${freshId()}`)
      yield* person.execute("ann", setEmail("a@x.org"))
      yield* person.execute("ann", setEmail("b@x.org"))
      yield* person.execute("bob", setEmail("a@x.org"))
      assert.deepStrictEqual(notUnique(yield* Effect.result(person.execute("ann", setEmail("a@x.org"))))[2], "bob")
      yield* person.execute("bob", archive)
      yield* person.execute("ann", setEmail("a@x.org"))
      assert.deepStrictEqual(notUnique(yield* Effect.result(person.execute("bob", restore)))[2], "ann")
      yield* person.execute("bob", setEmail("b@x.org"))
      yield* person.execute("bob", restore)
      assert.strictEqual(yield* Reservations.holder(person, "email", "b@x.org"), "bob")
    }))

  it.effect("an instance may have several unique values, of which all are claimed or none", () =>
    Effect.gen(function*() {
      const person = makePerson(`Person-${freshId()}`)
      yield* person.execute("ann", { _tag: "SetPhones", phones: ["1", "2", "2"] })
      const refused = yield* Effect.result(person.execute("bob", { _tag: "SetPhones", phones: ["3", "2"] }))
      assert.deepStrictEqual(notUnique(refused), ["phone", "2", "ann"])
      assert.strictEqual(yield* Reservations.holder(person, "phone", "3"), undefined)
      yield* person.execute("ann", { _tag: "SetPhones", phones: ["1", "3"] })
      yield* person.execute("bob", { _tag: "SetPhones", phones: ["2"] })
      assert.deepStrictEqual(
        yield* Effect.forEach(["1", "2", "3"], (phone) => Reservations.holder(person, "phone", phone)),
        ["ann", "bob", "ann"]
      )
    }))

  it.effect("each tenant has unique values of its own", () =>
    Effect.gen(function*() {
      const person = makePerson(`Person-${freshId()}`)
      const as = (tenant: string) => Effect.provideService(Tenant, tenant)
      yield* as("acme")(person.execute("ann", setEmail("a@x.org")))
      yield* as("globex")(person.execute("bob", setEmail("a@x.org")))
      assert.strictEqual(yield* as("acme")(Reservations.holder(person, "email", "a@x.org")), "ann")
      assert.strictEqual(yield* as("globex")(Reservations.holder(person, "email", "a@x.org")), "bob")
      assert.strictEqual(yield* Reservations.holder(person, "email", "a@x.org"), undefined)
    }))

  it.effect("a value that no stream could be named after is unique all the same", () =>
    Effect.gen(function*() {
      const person = makePerson(`Person-${freshId()}`)
      const values = ["x".repeat(2000), `${"x".repeat(2000)}y`, "nul\0", "sha256:0", " ", "\u{1F600}"]
      for (const [index, value] of values.entries()) yield* person.execute(`${index}`, setEmail(value))
      for (const [index, value] of values.entries()) {
        assert.strictEqual(notUnique(yield* Effect.result(person.execute("other", setEmail(value))))[2], `${index}`)
      }
    }))

  it.effect("what was missed and commutes may still change what an event claims: it is claimed as of where it lands", () =>
    Effect.gen(function*() {
      const category = `Person-${freshId()}`
      const [person, other] = [makePerson(category), makePerson(category)]
      yield* person.execute("ann", setEmail("a@x.org"))
      yield* person.execute("ann", archive)
      yield* person.execute("bob", setEmail("b@x.org"))
      yield* other.load("ann")
      yield* person.execute("ann", restore)
      const refused = yield* Effect.result(other.execute("ann", setEmail("b@x.org"), { seen: 2 }))
      assert.deepStrictEqual(notUnique(refused)[2], "bob")
      assert.strictEqual((yield* other.execute("ann", setEmail("c@x.org"), { seen: 2 })).missed.length, 1)
      assert.strictEqual(yield* Reservations.holder(person, "email", "a@x.org"), undefined)
      assert.strictEqual(yield* Reservations.holder(person, "email", "c@x.org"), "ann")
    }))

  it.effect("a command that changes no unique value is placed after one that did, and the other way round", () =>
    Effect.gen(function*() {
      const category = `Person-${freshId()}`
      const [person, other] = [makePerson(category), makePerson(category)]
      yield* person.execute("ann", setEmail("a@x.org"))
      yield* other.load("ann")
      const slow = yield* heldAtAppend(other.execute("ann", setEmail("b@x.org")))
      yield* person.execute("ann", rename("Ann"))
      yield* slow.pass
      const changed = yield* Fiber.join(slow.fiber)
      assert.deepStrictEqual([changed.version, changed.missed.map(({ version }) => version)], [3, [2]])
      assert.strictEqual((yield* person.execute("ann", rename("Bea"), { seen: 2 })).version, 4)
      assert.strictEqual(yield* Reservations.holder(person, "email", "a@x.org"), undefined)
      const stale = yield* Effect.result(person.execute("ann", setEmail("c@x.org"), { seen: 2 }))
      assert.strictEqual(conflictOf(stale).pairs.length, 1)
      assert.strictEqual(yield* Reservations.holder(person, "email", "c@x.org"), undefined)
    }))

  it.effect("commands in line claim and release one after the other, and those between them still go together", () =>
    Effect.gen(function*() {
      const person = makePerson(`Person-${freshId()}`)
      const commands = Array.from(
        { length: 60 },
        (_, index): Command => index % 10 === 5 ? { _tag: "SetPhones", phones: [`${index}`] } : rename(`${index}`)
      )
      const landed = yield* Effect.forEach(commands, (command) => person.execute("ann", command), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(landed.map(({ version }) => version), commands.map((_, index) => index + 1))
      assert.deepStrictEqual(
        yield* Effect.forEach(["5", "45", "55"], (phone) => Reservations.holder(person, "phone", phone)),
        [undefined, undefined, "ann"]
      )
    }))

  it.effect("commands that go together are still placed where they claim nothing", () =>
    Effect.gen(function*() {
      const category = `Person-${freshId()}`
      const [person, other] = [makePerson(category), makePerson(category)]
      yield* person.execute("ann", setEmail("a@x.org"))
      yield* person.execute("ann", archive)
      yield* other.execute("bob", setEmail("b@x.org"))
      const line = yield* heldAtAppend(Effect.forEach(
        [rename("Ann"), rename("Bea"), setEmail("b@x.org"), rename("Cy")],
        (command) => Effect.result(person.execute("ann", command)),
        { concurrency: "unbounded" }
      ))
      // from here on, an e-mail is a claim
      yield* other.execute("ann", restore)
      yield* line.pass
      const results = yield* Fiber.join(line.fiber)
      assert.deepStrictEqual(results.map(Result.isSuccess), [true, true, false, true])
      assert.deepStrictEqual(notUnique(results[2]!)[2], "bob")
      assert.strictEqual(yield* Reservations.holder(person, "email", "a@x.org"), "ann")
      assert.strictEqual((yield* person.load("ann")).state.email, "a@x.org")
    }))

  it.effect("a command that is sent again under its id claims once, also if both are under way", () =>
    Effect.gen(function*() {
      const person = makePerson(`Person-${freshId()}`)
      const send = person.execute("ann", setEmail("a@x.org"), { commandId: "1" })
      const both = yield* Effect.all([send, send, send], { concurrency: "unbounded" })
      assert.deepStrictEqual(both.map(({ version }) => version), [1, 1, 1])
      assert.strictEqual(both.filter(({ repeated }) => repeated).length, 2)
      yield* person.execute("ann", setEmail("b@x.org"))
      yield* person.execute("bob", setEmail("a@x.org"))
      const late = yield* send
      assert.deepStrictEqual([late.version, late.repeated], [1, true])
      assert.strictEqual(yield* Reservations.holder(person, "email", "a@x.org"), "bob")
    }))

  it.effect("who reads an aggregate's events is not told of reservations", () =>
    Effect.gen(function*() {
      const store = yield* EventStore.EventStore
      const person = makePerson(`Person-${freshId()}`)
      yield* person.execute("ann", setEmail("a@x.org"))
      yield* person.execute("ann", setEmail("b@x.org"))
      const log = yield* Stream.runCollect(store.readAll([person]))
      assert.deepStrictEqual(log.map(({ event }) => event._tag), ["EmailSet", "EmailSet"])
      assert.strictEqual((yield* person.load("ann", { version: 1 })).state.email, "a@x.org")
    }))

  it.effect("the values of streams that are older than the rule are claimed afterwards, and duplicates are told", () =>
    Effect.gen(function*() {
      const category = `Person-${freshId()}`
      const lawless = makeLawless(category)
      for (
        const [id, email] of [["ann", "a@x.org"], ["bob", "b@x.org"], ["cy", "A@x.org"], ["dee", "d@x.org"]] as const
      ) {
        yield* lawless.execute(id, setEmail(email))
      }
      yield* lawless.execute("dee", archive)
      const person = makePerson(category)
      const first = yield* Reservations.claimAll(person)
      assert.strictEqual(first.claimed, 2)
      assert.deepStrictEqual(first.duplicates.map(({ holder, stream, value }) => [value, holder, stream.id]), [
        ["a@x.org", "ann", "cy"]
      ])
      assert.strictEqual(notUnique(yield* Effect.result(person.execute("new", setEmail("b@x.org"))))[2], "bob")
      yield* person.execute("cy", setEmail("c@x.org"))
      assert.strictEqual(yield* Reservations.holder(person, "email", "a@x.org"), "ann")
      assert.deepStrictEqual(yield* Reservations.claimAll(person), { claimed: 0, duplicates: [] })
    }))

  it.effect("an instance that has a value which was never claimed can give it up, and claim it", () =>
    Effect.gen(function*() {
      const category = `Person-${freshId()}`
      const lawless = makeLawless(category)
      yield* lawless.execute("ann", setEmail("a@x.org"))
      const person = makePerson(category)
      yield* person.execute("bob", setEmail("a@x.org"))
      yield* person.execute("ann", setEmail("b@x.org"))
      assert.strictEqual(yield* Reservations.holder(person, "email", "a@x.org"), "bob")
      yield* lawless.execute("ann", setEmail(""))
      assert.strictEqual(yield* Reservations.holder(person, "email", "b@x.org"), "ann")
      yield* makePerson(category).execute("ann", setEmail("b@x.org"))
      assert.strictEqual(yield* Reservations.holder(person, "email", "b@x.org"), "ann")
    }))

  it.effect(
    "whatever many do at once, the values of all states are those that are claimed, each by one",
    () =>
      Effect.gen(function*() {
        const category = `Person-${freshId()}`
        const processes = [makePerson(category), makePerson(category), makePerson(category)]
        const ids = ["ann", "bob", "cy", "dee", "eve"]
        const emails = ["a", "b", "c", "d"]
        const pick = <A>(from: ReadonlyArray<A>) =>
          Effect.map(Random.nextIntBetween(0, from.length - 1), (i) => from[i]!)
        const step = Effect.gen(function*() {
          const [person, id, email] = [yield* pick(processes), yield* pick(ids), yield* pick(emails)]
          const command = yield* pick<Command>([
            setEmail(email),
            setEmail(email),
            setEmail(""),
            archive,
            restore,
            rename(email),
            { _tag: "SetPhones", phones: [email, yield* pick(emails)] }
          ])
          const seen = (yield* Random.nextBoolean) ? undefined : (yield* person.load(id)).version
          return yield* Effect.result(person.execute(id, command, { seen, attempts: 100 }))
        })
        const clients = Array.from({ length: 6 }, () => Effect.replicateEffect(step, 25))
        const results = yield* Effect.all(clients, { concurrency: "unbounded" })
        const failures = results.flat().filter(Result.isFailure).map(({ failure }) => failure._tag)
        assert.deepStrictEqual([...new Set(failures)].filter((tag) => tag !== "NotUnique" && tag !== "Conflict"), [])
        const expected = new Map<string, string>()
        for (const id of ids) {
          const { state: { email, isArchived, phones } } = yield* processes[0]!.load(id)
          const values = new Set([
            ...isArchived || email === "" ? [] : [`email ${email}`],
            ...phones.map((it) => `phone ${it}`)
          ])
          for (const value of values) {
            assert.isFalse(expected.has(value), `${value} is had by ${expected.get(value)} and ${id}`)
            expected.set(value, id)
          }
        }
        for (const rule of ["email", "phone"] as const) {
          for (const value of emails) {
            assert.strictEqual(yield* Reservations.holder(processes[0]!, rule, value), expected.get(`${rule} ${value}`))
          }
        }
      }),
    { timeout: 60_000 }
  )
}
