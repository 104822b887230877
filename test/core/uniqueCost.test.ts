import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Aggregate from "refold/Aggregate"
import { EventStore } from "refold/EventStore"
import * as MemoryEventStore from "refold/MemoryEventStore"

const Person = Aggregate.make("Person", {
  command: Schema.TaggedUnion({ SetEmail: { email: Schema.String }, Rename: { name: Schema.String } }),
  event: Schema.TaggedUnion({ EmailSet: { email: Schema.String }, Renamed: { name: Schema.String } }),
  state: Schema.Struct({ email: Schema.String, name: Schema.String }),
  initial: { email: "", name: "" },
  decide: (command) =>
    command._tag === "Rename"
      ? [{ _tag: "Renamed", name: command.name }]
      : [{ _tag: "EmailSet", email: command.email }],
  evolve: (state, event) =>
    event._tag === "Renamed" ? { ...state, name: event.name } : { ...state, email: event.email },
  conflicts: "commutes",
  unique: { email: ({ email }) => email }
})

const setEmail = (id: string, email: string) => Person.execute(id, { _tag: "SetEmail", email })
const rename = (id: string, name: string) => Person.execute(id, { _tag: "Rename", name })

/** The calls of the store that the effect makes. */
const callsOf = <A, E>(self: Effect.Effect<A, E, EventStore>) =>
  Effect.gen(function*() {
    const store = yield* EventStore
    const calls: Array<string> = []
    const counting: EventStore["Service"] = {
      ...store,
      append: (source, id, events, options) =>
        Effect.suspend(() => {
          calls.push(`append ${events.length}`)
          return store.append(source, id, events, options)
        }),
      appendAll: (appends, options) =>
        Effect.suspend(() => {
          calls.push(`append to ${appends.map(({ source }) => source.category).join(" and ")}`)
          return store.appendAll(appends, options)
        }),
      resume: (source, id, options) =>
        Effect.suspend(() => {
          calls.push(`read ${source.category}`)
          return store.resume(source, id, options)
        })
    }
    yield* Effect.provideService(self, EventStore, counting)
    return calls
  })

layer(MemoryEventStore.layer)("what a command with unique values asks of the store", (it) => {
  it.effect("is nothing more than without them, as long as none changes", () =>
    Effect.gen(function*() {
      yield* setEmail("ann", "a@x.org")
      assert.deepStrictEqual(yield* callsOf(rename("ann", "Ann")), ["read Person", "append 1"])
      assert.deepStrictEqual(yield* callsOf(setEmail("ann", "a@x.org")), ["read Person", "append 1"])
    }))

  it.effect("is one append for a value nobody ever had, and for giving one up", () =>
    Effect.gen(function*() {
      const claim = ["read Person", "append to Person and Person.email"]
      assert.deepStrictEqual(yield* callsOf(setEmail("bob", "b@x.org")), claim)
      assert.deepStrictEqual(yield* callsOf(setEmail("bob", "")), claim)
    }))

  it.effect("is a second one for a value that somebody had before", () =>
    Effect.gen(function*() {
      yield* setEmail("cy", "c@x.org")
      yield* setEmail("cy", "")
      assert.strictEqual((yield* callsOf(setEmail("dee", "c@x.org"))).length, 3)
    }))

  it.effect("is one append together for those who wait in line and change none", () =>
    Effect.gen(function*() {
      const calls = yield* callsOf(
        Effect.forEach(["1", "2", "3", "4"], (name) => rename("eve", name), { concurrency: "unbounded" })
      )
      assert.deepStrictEqual(calls, ["read Person", "append 1", "append 3"])
    }))
})
