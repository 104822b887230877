import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as Snapshots from "refold/Snapshots"

const options = { every: 10, version: 1 }

const make = <State>(state: Schema.Codec<State, unknown>, initial: NoInfer<State>, version = 1) =>
  Snapshots.make("Lead", { state, initial, options: { every: 10, version } })

const fingerprint = <State>(state: Schema.Codec<State, unknown>, initial: NoInfer<State>, version?: number) =>
  make(state, initial, version).fingerprint

const Lead = Schema.Struct({
  name: Schema.String,
  status: Schema.Literals(["Open", "Closed"]),
  phone: Schema.optionalKey(Schema.String),
  contacts: Schema.Array(Schema.Struct({ email: Schema.String, since: Schema.DateTimeUtc }))
})
const initial = { name: "", status: "Open", contacts: [] } as const
const known = fingerprint(Lead, initial)

interface Tree {
  readonly label: string
  readonly branches: ReadonlyArray<Tree>
}
const Tree: Schema.Codec<Tree> = Schema.Struct({
  label: Schema.String,
  branches: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
})
const Flipped: Schema.Codec<Tree> = Schema.Struct({
  branches: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Flipped)),
  label: Schema.String
})

describe("the fingerprint of a state", () => {
  it("is the same in every process and release", () => {
    assert.strictEqual(fingerprint(Schema.Struct({ count: Schema.Int }), { count: 0 }), "25704e9544cf0b78")
  })

  it("does not depend on the order of keys and alternatives, nor on names and annotations", () => {
    const { contacts, name, phone, status } = Lead.fields
    class Contact extends Schema.Class<Contact>("Contact")({ since: Schema.DateTimeUtc, email: Schema.String }) {}
    class Person extends Schema.Class<Person>("Person")({ since: Schema.DateTimeUtc, email: Schema.String }) {}
    const same = [
      Schema.Struct({ contacts, phone, status, name }),
      Schema.Struct({ ...Lead.fields, status: Schema.Literals(["Closed", "Open"]) }),
      Lead.annotate({ identifier: "Lead", description: "A lead" }),
      Schema.Struct({ ...Lead.fields, name: Schema.String.annotate({ title: "Name" }) }),
      Schema.Struct({ ...Lead.fields, name: Schema.String.pipe(Schema.brand("Name")) })
    ]
    for (const state of same) {
      assert.strictEqual(fingerprint<unknown>(state, { contacts: [], status: "Open", name: "" }), known)
    }
    assert.strictEqual(
      fingerprint(Schema.NullOr(Contact), null),
      fingerprint(Schema.NullOr(Person), null)
    )
    assert.strictEqual(
      fingerprint(Tree, { label: "", branches: [] }),
      fingerprint(Flipped, { branches: [], label: "" })
    )
    assert.strictEqual(
      fingerprint(Schema.NullOr(Schema.TaggedUnion({ A: { x: Schema.Int }, B: {} })), null),
      fingerprint(Schema.NullOr(Schema.TaggedUnion({ B: {}, A: { x: Schema.Int } })), null)
    )
  })

  it("changes with every field that is added, removed, renamed, retyped or made optional, however deep", () => {
    const { contacts, name, phone, status } = Lead.fields
    const different = [
      Schema.Struct({ ...Lead.fields, note: Schema.optionalKey(Schema.String) }),
      Schema.Struct({ name, status, contacts }),
      Schema.Struct({ title: name, phone, status, contacts }),
      Schema.Struct({ ...Lead.fields, name: Schema.NullOr(Schema.String) }),
      Schema.Struct({ ...Lead.fields, name: Schema.optionalKey(Schema.String) }),
      Schema.Struct({ ...Lead.fields, phone: Schema.optional(Schema.String) }),
      Schema.Struct({ ...Lead.fields, status: Schema.Literals(["Open", "Closed", "Lost"]) }),
      Schema.Struct({
        ...Lead.fields,
        contacts: Schema.Array(Schema.Struct({ email: Schema.String, since: Schema.Date }))
      }),
      Schema.Struct({ ...Lead.fields, contacts: Schema.Tuple([]) })
    ]
    const all = [Lead, ...different].map((state) => fingerprint<unknown>(Schema.NullOr(state), null))
    assert.strictEqual(new Set(all).size, different.length + 1)
    assert.notStrictEqual(fingerprint(Schema.Int, 0), fingerprint(Schema.Number, 0))
    // the same JSON for another type
    const count = Schema.Struct({ count: Schema.FiniteFromString })
    assert.notStrictEqual(
      fingerprint(count, { count: 0 }),
      fingerprint(Schema.Struct({ count: Schema.String }), { count: "0" })
    )
  })

  it("changes with the version and with the initial state", () => {
    assert.notStrictEqual(fingerprint(Lead, initial, 2), known)
    assert.notStrictEqual(fingerprint(Lead, { ...initial, status: "Closed" }), known)
  })
})

describe("snapshots", () => {
  it.prop("read what they wrote", [Lead], ([lead]) => {
    const snapshots = make(Lead, initial)
    const text = Result.getOrThrow(snapshots.encode(lead))
    assert.deepStrictEqual(Result.getOrThrow(snapshots.decode(JSON.parse(text))), lead)
  })

  it("refuse a state that was saved in another shape", () => {
    assert.isTrue(Result.isFailure(make(Lead, initial).decode({ name: "Ann" })))
  })

  it("refuse a state that is too large to be sent", () => {
    const snapshots = make(Schema.String, "")
    assert.deepStrictEqual(
      snapshots.encode("x".repeat(15_000_000)),
      Result.fail("it is 15000002 bytes long; at most 15000000 are allowed")
    )
  })

  it("need a state that can be written as JSON, and say what cannot", () => {
    class Money {
      readonly cents = 1
    }
    const money = Schema.instanceOf(Money, { identifier: "Money" })
    const complaint =
      "The state of Lead cannot be kept as a snapshot: its schema contains Money, which has no JSON form"
    assert.throws(() => make(money, new Money()), complaint)
    assert.throws(() => make(Schema.NullOr(Schema.Struct({ paid: Schema.Array(money) })), null), complaint)
    const written = money.pipe(
      Schema.encodeTo(Schema.Int, {
        decode: SchemaGetter.transform(() => new Money()),
        encode: SchemaGetter.transform(({ cents }: Money) => cents)
      })
    )
    assert.doesNotThrow(() => make(written, new Money()))
    assert.throws(() => make(Schema.Int, 0.5), "The state of Lead cannot be kept as a snapshot: Expected an integer")
  })

  for (const value of [0, -1, 1.5, NaN, Infinity]) {
    it(`are not made every ${value} events, nor at version ${value}`, () => {
      assert.throws(
        () => Snapshots.make("Lead", { state: Lead, initial, options: { ...options, every: value } }),
        `Lead: \`snapshots.every\` must be a whole number, 1 or more, not ${value}`
      )
      assert.throws(() => make(Lead, initial, value), /snapshots.version/)
    })
  }
})
