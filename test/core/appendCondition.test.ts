import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as AppendCondition from "refold/AppendCondition"

const Type = Schema.Literals(["A", "B", "C", "D"])
const Version = Schema.Literals([0, 1, 2, 3, 4, 5, 6, 7])
const stream = Arbitrary.array(Arbitrary.schema(Type), { maxLength: 6 })

/** What an engine can tell of a stream that consists of these event types. */
const kept = (types: ReadonlyArray<string>) => (version: number) => types.slice(version)

const holds = (condition: AppendCondition.AppendCondition, types: ReadonlyArray<string>) =>
  AppendCondition.holds(condition, types.length, kept(types))

describe("an append condition holds", () => {
  it.prop("whatever the stream, if it is any", [stream], ([types]) => {
    assert.isTrue(holds(AppendCondition.any, types))
  })

  it.prop("for no stream and for an existing stream if there are no events, or some", [stream], ([types]) => {
    assert.strictEqual(holds(AppendCondition.noStream, types), types.length === 0)
    assert.strictEqual(holds(AppendCondition.streamExists, types), types.length > 0)
  })

  it.prop("for a version if there are exactly as many events", [stream, Version], ([types, version]) => {
    assert.strictEqual(holds(AppendCondition.at(version), types), types.length === version)
  })

  it.prop("since a version if that was reached, and all events after it are of allowed types", [
    stream,
    Version,
    Arbitrary.array(Arbitrary.schema(Type), { maxLength: 4 })
  ], ([types, version, allowed]) => {
    const expected = types.length >= version && types.slice(version).every((type) => allowed.includes(type))
    assert.strictEqual(holds(AppendCondition.onlySince(version, allowed), types), expected)
  }, { arbitrary: { runs: 500 } })

  it("for no version before a stream begins", () => {
    assert.isFalse(holds(AppendCondition.at(1), []))
    assert.isFalse(holds(AppendCondition.onlySince(1, ["A"]), []))
    assert.isTrue(holds(AppendCondition.onlySince(0, []), []))
  })

  it("only for types it names, whatever they are called", () => {
    assert.isFalse(holds(AppendCondition.onlySince(0, ["A"]), ["constructor"]))
    assert.isTrue(holds(AppendCondition.onlySince(0, ["toString"]), ["toString"]))
  })
})

it("the version that a condition knows is the one after which events were missed", () => {
  const { any, at, knownVersion, noStream, onlySince, streamExists } = AppendCondition
  const conditions = [any, streamExists, noStream, at(3), onlySince(3, ["A"]), onlySince(0, [])]
  assert.deepStrictEqual(conditions.map(knownVersion), [undefined, undefined, 0, 3, 3, 0])
})

it("a condition is told as a person would say it", () => {
  const { any, at, format, noStream, onlySince, streamExists } = AppendCondition
  const conditions = [any, noStream, streamExists, at(0), at(3), onlySince(3, []), onlySince(3, ["A", "B"])]
  assert.deepStrictEqual(conditions.map((condition) => `expected ${format(condition)}`), [
    "expected any version",
    "expected no stream",
    "expected an existing stream",
    "expected no stream",
    "expected version 3",
    "expected no events after version 3",
    "expected no events but A, B after version 3"
  ])
})
