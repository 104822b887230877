import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Tagged } from "refold/Decider"
import * as EventCodec from "refold/EventCodec"

const Event = Schema.TaggedUnion({
  Renamed: { name: Schema.String },
  Moved: {
    at: Schema.DateTimeUtc,
    to: Schema.Struct({ _tag: Schema.String, street: Schema.optionalKey(Schema.String) })
  },
  Closed: {}
})
const Codec = EventCodec.make(Event)

const success = <A>(result: Result.Result<A, string>): A =>
  Result.isSuccess(result) ? result.success : assert.fail(result.failure)
const failure = (result: Result.Result<unknown, string>): string =>
  Result.isFailure(result) ? result.failure : assert.fail(`did not fail: ${JSON.stringify(result.success)}`)

/** Through JSON text and back, as it goes into a database and comes out. */
const roundTrip = <E extends Tagged>(codec: EventCodec.EventCodec<E>, event: E): E => {
  const { data, schemaVersion, type } = success(codec.encode(event))
  return success(codec.decode(type, schemaVersion, JSON.parse(data)))
}

describe("an event codec", () => {
  it("keeps the tag as the type, and only the rest as data", () => {
    assert.deepStrictEqual(success(Codec.encode({ _tag: "Renamed", name: "Ann" } as Tagged)), {
      type: "Renamed",
      schemaVersion: 1,
      data: `{"name":"Ann"}`
    })
    assert.strictEqual(success(Codec.encode({ _tag: "Closed" })).data, "{}")
  })

  it("knows the tags of its events in the order of the schema", () => {
    assert.deepStrictEqual(Codec.tags, ["Renamed", "Moved", "Closed"])
  })

  it.prop("reads what it wrote", [Event], ([event]) => {
    assert.deepStrictEqual(roundTrip(Codec, event), event)
  })

  it("takes the tag from the type, and not from what is in the data", () => {
    const event = success(Codec.decode("Renamed", 1, { _tag: "Closed", name: "Ann" }))
    assert.deepStrictEqual(event, { _tag: "Renamed", name: "Ann" })
  })

  it("leaves the tags inside of the data alone", () => {
    const encoded = success(Codec.encode(Event.cases.Moved.make({
      at: Schema.decodeSync(Schema.DateTimeUtcFromString)("2026-12-01T00:00:00Z"),
      to: { _tag: "Address", street: "Main Street" }
    })))
    assert.deepStrictEqual<unknown>(JSON.parse(encoded.data), {
      at: "2026-12-01T00:00:00.000Z",
      to: { _tag: "Address", street: "Main Street" }
    })
  })

  it("says what does not fit the schema, both ways", () => {
    assert.include(failure(Codec.encode({ _tag: "Renamed", name: 7 } as Tagged)), `["name"]`)
    assert.include(failure(Codec.decode("Renamed", 1, { name: 7 })), `["name"]`)
    assert.include(failure(Codec.decode("Renamed", 1, {})), `["name"]`)
    for (const data of [null, "Ann", 7, ["Ann"], undefined]) {
      assert.include(failure(Codec.decode("Renamed", 1, data)), `["name"]`)
    }
  })

  it("says that it does not know an event, and which it does", () => {
    assert.strictEqual(failure(Codec.encode({ _tag: "Merged" })), "Merged is not one of Renamed, Moved, Closed")
  })

  it("says that it does not know a stored type", () => {
    assert.strictEqual(
      failure(Codec.decode("Merged", 1, {})),
      `"Merged" is not an event of this aggregate; was it written by a newer release? Deploy that here, too, ` +
        "or name it under `retired`, if there once was such an event"
    )
  })

  it("says that it does not know a schema version", () => {
    for (const version of [0, 2, 17]) {
      assert.strictEqual(
        failure(Codec.decode("Renamed", version, { name: "Ann" })),
        `schema version ${version} of "Renamed" is unknown; was it written by a newer release? ` +
          "This one knows version 1 only. Deploy the one that wrote it here, too"
      )
    }
  })
})

describe("an event that was renamed in code", () => {
  const Renamed = EventCodec.make(Event, { storedAs: { Renamed: "NameChanged" } })

  it("is stored and read under the name it had before", () => {
    assert.strictEqual(Renamed.storedType("Renamed"), "NameChanged")
    assert.strictEqual(Renamed.storedType("Closed"), "Closed")
    assert.strictEqual(success(Renamed.encode({ _tag: "Renamed", name: "Ann" } as Tagged)).type, "NameChanged")
    assert.deepStrictEqual(success(Renamed.decode("NameChanged", 1, { name: "Ann" })), { _tag: "Renamed", name: "Ann" })
  })

  it("is not read under its new name", () => {
    assert.include(
      failure(Renamed.decode("Renamed", 1, { name: "Ann" })),
      `"Renamed" is not an event of this aggregate`
    )
  })

  it("may swap names with another", () => {
    const swapped = EventCodec.make(Event, { storedAs: { Renamed: "Closed", Closed: "Renamed" } })
    assert.deepStrictEqual(roundTrip(swapped, { _tag: "Closed" }), { _tag: "Closed" })
    assert.deepStrictEqual(roundTrip(swapped, { _tag: "Renamed", name: "Ann" }), { _tag: "Renamed", name: "Ann" })
  })

  it("may not take the name of another", () => {
    assert.throws(
      () => EventCodec.make(Event, { storedAs: { Closed: "Renamed" } }),
      `Events Renamed and Closed are both stored as "Renamed"; rename one`
    )
    assert.throws(
      () => EventCodec.make(Event, { storedAs: { Renamed: "X", Moved: "X" } }),
      `Events Renamed and Moved are both stored as "X"; rename one`
    )
  })
})

describe("names that every object has", () => {
  const names = ["constructor", "toString", "hasOwnProperty", "valueOf"]
  const members = { constructor: Schema.String, toString: Schema.String, hasOwnProperty: Schema.String }

  it("do no harm as types that nobody knows", () => {
    for (const type of [...names, "__proto__", ""]) {
      assert.include(failure(Codec.encode({ _tag: type })), "is not one of Renamed, Moved, Closed")
      assert.include(failure(Codec.decode(type, 1, {})), "is not an event of this aggregate")
      assert.strictEqual(Codec.storedType(type), type)
    }
  })

  for (const name of names) {
    it(`do no harm as tags: ${name}`, () => {
      const tag = name as "Odd"
      const codec = EventCodec.make(Schema.TaggedUnion({ [tag]: { name: Schema.String }, Closed: {} }))
      assert.deepStrictEqual(codec.tags, [tag, "Closed"])
      assert.deepStrictEqual(roundTrip(codec, { _tag: tag, name: "Ann" }), { _tag: tag, name: "Ann" })
    })
  }

  it("do no harm as stored names", () => {
    const codec = EventCodec.make(Event, { storedAs: { Renamed: "constructor", Closed: "__proto__" } })
    assert.deepStrictEqual(roundTrip(codec, { _tag: "Renamed", name: "Ann" }), { _tag: "Renamed", name: "Ann" })
    assert.deepStrictEqual(roundTrip(codec, { _tag: "Closed" }), { _tag: "Closed" })
  })

  it("do no harm as fields", () => {
    const codec = EventCodec.make(Schema.TaggedUnion({ Odd: members }))
    const event = { _tag: "Odd", constructor: "a", toString: "b", hasOwnProperty: "c" } as const
    const { data } = success(codec.encode(event as unknown as Tagged))
    assert.strictEqual(data, `{"constructor":"a","toString":"b","hasOwnProperty":"c"}`)
    const decoded: object = success(codec.decode("Odd", 1, JSON.parse(data)))
    assert.deepStrictEqual(new Map(Object.entries(decoded)), new Map(Object.entries(event)))
    assert.include(failure(codec.decode("Odd", 1, {})), `["constructor"]`)
  })

  it("do no harm as keys in the data", () => {
    const codec = EventCodec.make(Schema.TaggedUnion({
      Noted: { notes: Schema.Record(Schema.String, Schema.String), any: Schema.Json }
    }))
    const text = `{"__proto__":"p","constructor":"c","toString":"t"}`
    const decoded = success(
      codec.decode("Noted", 1, JSON.parse(`{"notes":${text},"any":{"__proto__":{"admin":true}}}`))
    )
    assert.strictEqual(Object.getPrototypeOf(decoded.notes), Object.prototype)
    assert.strictEqual(JSON.stringify(decoded.notes), text)
    assert.strictEqual(JSON.stringify(decoded.any), `{"__proto__":{"admin":true}}`)
    assert.notProperty({}, "admin")
    assert.strictEqual(success(codec.encode(decoded)).data, `{"notes":${text},"any":{"__proto__":{"admin":true}}}`)
  })

  it("do no harm as a __proto__ beside the fields", () => {
    const decoded = success(Codec.decode("Renamed", 1, JSON.parse(`{"name":"Ann","__proto__":{"admin":true}}`)))
    assert.deepStrictEqual(decoded, { _tag: "Renamed", name: "Ann" })
    assert.strictEqual(Object.getPrototypeOf(decoded), Object.prototype)
    const inherited = JSON.parse(`{"__proto__":{"name":"Ann"}}`)
    assert.include(failure(Codec.decode("Renamed", 1, inherited)), `["name"]`)
  })
})

describe("the largest event", () => {
  const around = `{"name":""}`.length
  const name = (bytes: number, character: string) => {
    const size = new TextEncoder().encode(character).length
    const times = Math.floor((bytes - around) / size)
    return character.repeat(times) + "x".repeat(bytes - around - times * size)
  }

  for (const character of ["x", "é", "漢", "😀"]) {
    it(`is counted in bytes of UTF-8, to the byte: ${character}`, () => {
      const largest = Codec.encode({ _tag: "Renamed", name: name(EventCodec.maxDataBytes, character) } as Tagged)
      assert.strictEqual(new TextEncoder().encode(success(largest).data).length, EventCodec.maxDataBytes)
      const tooLarge = Codec.encode({ _tag: "Renamed", name: name(EventCodec.maxDataBytes + 1, character) } as Tagged)
      assert.include(
        failure(tooLarge),
        `its data is ${EventCodec.maxDataBytes + 1} bytes long; at most 15000000 are allowed`
      )
    })
  }
})
