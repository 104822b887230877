import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Aggregate, EventCodec, Snapshots, Upcast } from "refold"
import type { Tagged } from "refold/Decider"

const Event = Schema.TaggedUnion({
  Deposited: { cents: Schema.Int, currency: Schema.Literals(["EUR", "USD"]) },
  AddressChanged: { lines: Schema.NonEmptyArray(Schema.NonEmptyString), since: Schema.DateTimeUtc },
  Closed: {}
})
const lastYear = DateTime.makeUnsafe("2025-12-31T00:00:00Z")

const deposited = Upcast
  .from(1, { amount: Schema.Finite })
  .to(2, { cents: Schema.Int }, ({ amount }) => {
    if (amount < 0) throw new RangeError(`nobody deposits ${amount}`)
    return { cents: amount * 100 }
  })
  .toCurrent(3, ({ cents }) => ({ cents, currency: "EUR" as const }))

const moved = Upcast
  .from(1, { street: Schema.String, on: Schema.DateTimeUtc })
  .becomes("AddressChanged", ({ on, street }) => ({ lines: [street] as const, since: on }))

const Codec = EventCodec.make(Event, {
  storedAs: { Deposited: "Paid" },
  earlier: { Deposited: deposited },
  retired: { Moved: moved, Relocated: moved }
})

const success = <A>(result: Result.Result<A, string>): A =>
  Result.isSuccess(result) ? result.success : assert.fail(result.failure)
const failure = (result: Result.Result<unknown, string>): string =>
  Result.isFailure(result) ? result.failure : assert.fail(`did not fail: ${JSON.stringify(result.success)}`)

describe("an event that was stored in an earlier shape", () => {
  it("is read as the event of today, from every version", () => {
    const now = { _tag: "Deposited", cents: 500, currency: "EUR" }
    assert.deepStrictEqual<unknown>(success(Codec.decode("Paid", 1, { amount: 5 })), now)
    assert.deepStrictEqual<unknown>(success(Codec.decode("Paid", 2, { cents: 500 })), now)
    assert.deepStrictEqual<unknown>(success(Codec.decode("Paid", 3, { cents: 500, currency: "EUR" })), now)
  })

  it("is written under the version after the last of them", () => {
    assert.deepStrictEqual(success(Codec.encode({ _tag: "Deposited", cents: 5, currency: "USD" } as Tagged)), {
      type: "Paid",
      schemaVersion: 3,
      data: `{"cents":5,"currency":"USD"}`
    })
    assert.strictEqual(success(Codec.encode({ _tag: "Closed" })).schemaVersion, 1)
  })

  it("of a version that is still to come says so, and what to do", () => {
    for (const version of [4, 17, 0, -1, 1.5]) {
      assert.strictEqual(
        failure(Codec.decode("Paid", version, { amount: 5 })),
        `schema version ${version} of "Paid" is unknown; was it written by a newer release? ` +
          "This one knows versions 1 to 3. Deploy the one that wrote it here, too"
      )
    }
  })

  it("that does not fit its shape is named, with its version", () => {
    assert.match(
      failure(Codec.decode("Paid", 1, { amount: "5" })),
      /^as version 1 of "Paid": Expected number[^]*\["amount"\]/
    )
    assert.match(failure(Codec.decode("Paid", 2, {})), /^as version 2 of "Paid": Missing key\s+at \["cents"\]/)
    for (const data of [null, "5", [5]]) {
      assert.include(failure(Codec.decode("Paid", 1, data)), `as version 1 of "Paid"`)
    }
  })

  it("at which a step throws is named, with the step", () => {
    assert.strictEqual(
      failure(Codec.decode("Paid", 1, { amount: -5 })),
      `the step from version 1 to 2 of "Paid" threw RangeError: nobody deposits -5`
    )
  })

  it("of which a step makes what does not fit is named, with the step", () => {
    assert.match(
      failure(Codec.decode("Paid", 1, { amount: 0.001 })),
      /^the step from version 1 to 2 of "Paid" made what does not fit: [^]*\["cents"\]/
    )
    assert.match(
      failure(Codec.decode("Moved", 1, { street: "", on: "2026-01-01T00:00:00Z" })),
      /^the step from version 1 of "Moved" to AddressChanged made what does not fit: [^]*\["lines"\]\[0\]/
    )
  })

  it("loses what a step adds and no shape has", () => {
    const codec = EventCodec.make(Event, {
      earlier: { Closed: Upcast.from(1, { reason: Schema.String }).toCurrent(2, (v1) => ({ why: v1.reason })) }
    })
    assert.deepStrictEqual(success(codec.decode("Closed", 1, { reason: "none" })), { _tag: "Closed" })
  })

  it("is read with the schema that it once had, tag and all", () => {
    const Old = Schema.TaggedUnion({ Ended: { at: Schema.Date } })
    const codec = EventCodec.make(Event, {
      storedAs: { Closed: "Ended" },
      earlier: { Closed: Upcast.from(1, Old.cases.Ended).toCurrent(2, () => ({})) }
    })
    assert.deepStrictEqual(success(codec.decode("Ended", 1, { at: "2026-01-01T00:00:00Z" })), { _tag: "Closed" })
    assert.include(failure(codec.decode("Ended", 1, { at: 5 })), `as version 1 of "Ended"`)
  })

  it("may become an instance of a class", () => {
    class Opened extends Schema.TaggedClass<Opened>()("Opened", { owner: Schema.String }) {
      get initial() {
        return this.owner[0]
      }
    }
    class Shut extends Schema.TaggedClass<Shut>()("Shut", {}) {}
    const codec = EventCodec.make(Schema.Union([Opened, Shut]).pipe(Schema.toTaggedUnion("_tag")), {
      earlier: {
        Opened: Upcast.from(1, { name: Schema.String }).toCurrent(2, ({ name }) => new Opened({ owner: name }))
      }
    })
    const opened = success(codec.decode("Opened", 1, { name: "Ann" }))
    assert.instanceOf(opened, Opened)
    assert.strictEqual(opened.initial, "A")
  })
})

describe("an event that is gone", () => {
  it("is read as the one it became", () => {
    for (const type of ["Moved", "Relocated"]) {
      assert.deepStrictEqual<unknown>(
        success(Codec.decode(type, 1, { street: "Main Street 1", on: "2025-12-31T00:00:00.000Z" })),
        { _tag: "AddressChanged", lines: ["Main Street 1"], since: lastYear }
      )
    }
  })

  it("is not written any more", () => {
    assert.include(failure(Codec.encode({ _tag: "Moved" })), "Moved is not one of Deposited, AddressChanged, Closed")
    assert.strictEqual(
      failure(Codec.decode("Moved", 2, {})),
      `schema version 2 of "Moved" is unknown; was it written by a newer release? ` +
        "This one knows version 1 only. Deploy the one that wrote it here, too"
    )
  })

  it("is stored beside those that are read as the same", () => {
    assert.deepStrictEqual(Codec.storedTypes("AddressChanged"), ["AddressChanged", "Moved", "Relocated"])
    assert.deepStrictEqual(Codec.storedTypes("Deposited"), ["Paid"])
    assert.deepStrictEqual(Codec.storedTypes("Moved"), [])
  })
})

it("a codec knows every form that it reads", () => {
  assert.deepStrictEqual(
    Codec.shapes.map(({ isCurrent, schemaVersion, tag, type }) => [type, schemaVersion, tag, isCurrent]),
    [
      ["Paid", 1, "Deposited", false],
      ["Paid", 2, "Deposited", false],
      ["Paid", 3, "Deposited", true],
      ["AddressChanged", 1, "AddressChanged", true],
      ["Closed", 1, "Closed", true],
      ["Moved", 1, "AddressChanged", false],
      ["Relocated", 1, "AddressChanged", false]
    ]
  )
})

describe("a program that cannot be right throws before it has run:", () => {
  const gap = (version: number) => version as 2
  const closed = (chain: Upcast.Upcast<{}>) => EventCodec.make(Event, { earlier: { Closed: chain } })

  it("a version is missing from a chain, or there twice", () => {
    assert.throws(
      () => closed(Upcast.from(1, {}).to(gap(3), {}, () => ({})).toCurrent(3, () => ({}))),
      `The shapes of "Closed" are those of the versions 1, 3, 3: 2 is missing`
    )
    assert.throws(
      () => closed(Upcast.from(1, {}).toCurrent(gap(3), () => ({}))),
      `The shapes of "Closed" are those of the versions 1, 3: 2 is missing`
    )
    assert.throws(
      () => closed(Upcast.from(gap(2) as number as 1, {}).toCurrent(2, () => ({}))),
      `The shapes of "Closed" are those of the versions 2, 2: 1 is missing`
    )
  })

  it("an event that is gone is stored under the name of one that is there", () => {
    assert.throws(
      () => EventCodec.make(Event, { retired: { Closed: moved } }),
      `"Closed" cannot be retired: Closed is stored under that name`
    )
    assert.throws(
      () => EventCodec.make(Event, { storedAs: { Closed: "Moved" }, retired: { Moved: moved } }),
      `"Moved" cannot be retired: Closed is stored under that name`
    )
  })

  it("nobody knows the event that has earlier shapes, another name, or is to take the place of one that is gone", () => {
    const unknown = { Merged: deposited } as {}
    assert.throws(() => EventCodec.make(Event, { earlier: unknown }), "Merged is not one of the events Deposited, ")
    const name = { Merged: "Joined" } as {}
    assert.throws(() => EventCodec.make(Event, { storedAs: name }), "Merged is not one of the events Deposited, ")
    const elsewhere = Upcast.from(1, {}).becomes("Closed" as const, () => ({}))
    assert.throws(
      () => EventCodec.make(Event, { retired: { Ended: { ...elsewhere, tag: "Merged" as "Closed" } } }),
      `"Ended" cannot become Merged, which is not one of Deposited, AddressChanged, Closed`
    )
  })

  it("an earlier shape has no JSON form", () => {
    const shape = { pattern: Schema.instanceOf(WeakRef) }
    assert.throws(
      () => closed(Upcast.from(1, shape).toCurrent(2, () => ({}))),
      /^Version 1 of "Closed" cannot have been stored: its schema contains .*, which has no JSON form/
    )
  })
})

describe("the fingerprint of saved states", () => {
  const fingerprint = (options: EventCodec.StoredOptions<typeof Event.Type>) =>
    Aggregate.make("Account", {
      command: Schema.TaggedUnion({ Close: {} }),
      event: Event,
      state: Schema.Int,
      initial: 0,
      decide: (command) => command._tag === "Close" ? [] : [],
      evolve: (state) => state,
      conflicts: "collides",
      snapshots: { every: 100, version: 1 },
      ...options
    }).snapshots!.fingerprint
  const without = fingerprint({})

  it("is another once events are read in another shape than they were written in", () => {
    const one = fingerprint({ earlier: { Deposited: deposited } })
    const other = Upcast.from(1, { amount: Schema.Finite }).toCurrent(2, () => ({ cents: 0, currency: "EUR" as const }))
    const all = [
      without,
      one,
      fingerprint({ earlier: { Deposited: other } }),
      fingerprint({ retired: { Moved: moved } }),
      fingerprint({ retired: { Moved: moved, Relocated: moved } }),
      fingerprint({
        retired: {
          Moved: Upcast.from(1, { street: Schema.String, on: Schema.DateTimeUtc }).becomes("Closed", () => ({}))
        }
      })
    ]
    assert.strictEqual(new Set(all).size, all.length)
  })

  it("does not depend on the order in which the shapes are declared, nor on the names of the code", () => {
    const retired = fingerprint({ retired: { Moved: moved, Relocated: moved } })
    assert.strictEqual(fingerprint({ retired: { Relocated: moved, Moved: moved } }), retired)
    assert.strictEqual(fingerprint({ earlier: {}, retired: {} }), without)
  })

  it("of an aggregate without earlier shapes is that of its state alone", () => {
    const saved = Snapshots.make("Account", { state: Schema.Int, initial: 0, options: { every: 100, version: 1 } })
    assert.strictEqual(without, saved.fingerprint)
  })
})
