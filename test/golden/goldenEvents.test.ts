import { assert, describe, it } from "@effect/vitest"
import { GoldenEvents } from "@refold/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { EventCodec, Upcast } from "refold"
import type { Tagged } from "refold/Decider"

const source = <Event extends Tagged>(
  schema: EventCodec.TaggedUnionSchema<Event>,
  options?: EventCodec.StoredOptions<Event>
) => ({ category: "Account", codec: EventCodec.make(schema, options) })

const check = (...args: Parameters<typeof GoldenEvents.check>) =>
  Effect.runSync(Effect.result(GoldenEvents.check(...args)))

const passed = (...args: Parameters<typeof GoldenEvents.check>): GoldenEvents.Checked => {
  const result = check(...args)
  return Result.isSuccess(result) ? result.success : assert.fail(result.failure.message)
}

const problems = (...args: Parameters<typeof GoldenEvents.check>) => {
  const result = check(...args)
  if (Result.isSuccess(result)) return assert.fail(`nothing is wrong: ${result.success.changes.join()}`)
  return result.failure.problems
}

const Closed = {}
const first = source(
  Schema.TaggedUnion({ Deposited: { amount: Schema.Int, note: Schema.optionalKey(Schema.String) }, Closed })
)
const cents = { cents: Schema.Int }
const toCents = ({ amount }: { readonly amount: number }) => ({ cents: amount * 100 })
const v1 = { amount: Schema.Int, note: Schema.optionalKey(Schema.String) }
const second = source(Schema.TaggedUnion({ Deposited: cents, Closed }), {
  earlier: { Deposited: Upcast.from(1, v1).toCurrent(2, toCents) }
})
const { text: golden } = passed(first, undefined, { examples: { Deposited: { 1: [{ amount: 5 }] } } })

describe("the first check", () => {
  it("records examples of every version of every event, sorted, and the same each time", () => {
    const { changes, text } = passed(second, undefined)
    const file = JSON.parse(text)
    assert.deepStrictEqual(Object.keys(file), ["Closed", "Deposited"])
    assert.deepStrictEqual(Object.keys(file.Deposited), ["1", "2"])
    assert.deepStrictEqual(file.Closed, { 1: [{ data: {} }] })
    assert.lengthOf(file.Deposited[1], 3)
    for (const { data, readAs } of file.Deposited[1]) {
      assert.deepStrictEqual(readAs, { _tag: "Deposited", cents: data.amount * 100 })
    }
    assert.hasAllKeys(file.Deposited[1][0].data, ["amount", "note"], "whatever is optional is in the first of them")
    assert.deepStrictEqual(changes, [
      `version 1 of "Deposited" is not recorded yet`,
      `version 2 of "Deposited" is not recorded yet`,
      `version 1 of "Closed" is not recorded yet`
    ])
    assert.strictEqual(passed(second, undefined).text, text)
  })

  it("records as many as it is told to, or those that are given", () => {
    const count = (...args: Parameters<typeof GoldenEvents.check>) =>
      JSON.parse(passed(...args).text).Deposited[1].length
    assert.strictEqual(count(first, undefined, { count: 7 }), 7)
    assert.deepStrictEqual(JSON.parse(golden).Deposited[1], [{ data: { amount: 5 } }])
  })

  it("refuses an earlier shape that holds what its step cannot take", () => {
    const codec = source(
      Schema.TaggedUnion({ Deposited: { cents: Schema.Int.check(Schema.isGreaterThan(0)) }, Closed }),
      {
        earlier: { Deposited: Upcast.from(1, v1).toCurrent(2, toCents) }
      }
    )
    const [problem = ""] = problems(codec, undefined, { examples: { Deposited: { 1: [{ amount: -1 }] } } })
    assert.match(
      problem,
      /^version 1 of "Deposited" cannot be read: \{"amount":-1\}: the step from version 1 of "Deposited" to/
    )
  })

  it("asks for examples of what it cannot make up", () => {
    const codec = source(Schema.TaggedUnion({
      Odd: { text: Schema.String.check(Schema.makeFilter((text) => text === "one in a million")) },
      Closed
    }))
    const [problem = ""] = problems(codec, undefined)
    assert.include(problem, `no examples of version 1 of "Odd" can be made up; give some: `)
    passed(codec, undefined, { examples: { Odd: { 1: [{ text: "one in a million" }] } } })
  })
})

describe("a later check", () => {
  it("finds nothing to change if nothing has changed, however the file is formatted", () => {
    for (const text of [golden, JSON.stringify(JSON.parse(golden))]) {
      assert.deepStrictEqual(passed(first, text), { text, changes: [] })
    }
  })

  it("fails at a shape that has changed without a new version, with the event and what to do", () => {
    const changed = {
      "a field is gone": {},
      "a field is new": { amount: Schema.Int, currency: Schema.String },
      "a field is new, with a default": {
        amount: Schema.Int,
        currency: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed("EUR")))
      },
      "a field has another name": { cents: Schema.Int },
      "a field has another type": { amount: Schema.String }
    }
    for (const [what, fields] of Object.entries(changed)) {
      const [problem = "", ...others] = problems(source(Schema.TaggedUnion({ Deposited: fields, Closed })), golden)
      assert.deepStrictEqual(others, [], what)
      assert.match(problem, /^version 1 of "Deposited" (cannot be read|is written otherwise now): \{"amount":5\}/, what)
      assert.include(problem, "If its shape has changed, add the old one as an earlier version: `earlier: {", what)
    }
  })

  it("lets a field be added that may be missing", () => {
    const fields = { ...v1, currency: Schema.optionalKey(Schema.String) }
    const { changes, text } = passed(source(Schema.TaggedUnion({ Deposited: fields, Closed })), golden)
    assert.deepStrictEqual([changes, text], [[], golden])
  })

  it("fails at a type that nobody reads any more, and at one that is stored under another name now", () => {
    assert.deepStrictEqual(problems(source(Schema.TaggedUnion({ Deposited: v1 })), golden), [
      `version 1 of "Closed" is read by nobody any more: say under \`retired\` what has become of such events, ` +
      "or under `storedAs` which event it is now"
    ])
    const renamed = Schema.TaggedUnion({ Paid: v1, Closed })
    assert.lengthOf(problems(source(renamed), golden), 1)
    assert.deepStrictEqual(passed(source(renamed, { storedAs: { Paid: "Deposited" } }), golden).changes, [])
  })

  it("fails at a version that nobody reads any more", () => {
    const { text } = passed(second, golden)
    assert.include(
      problems(first, text),
      `version 2 of "Deposited" is read by nobody any more: keep its shape under \`earlier\`, ` +
        "and let the version that is written come after it"
    )
  })

  it("fails at an earlier version that its shape or its step no longer reads", () => {
    const { text } = passed(second, golden)
    const reads = (chain: Upcast.Upcast<{ readonly cents: number }>) =>
      problems(source(Schema.TaggedUnion({ Deposited: cents, Closed }), { earlier: { Deposited: chain } }), text)
    const [shape = ""] = reads(Upcast.from(1, { sum: Schema.Int }).toCurrent(2, ({ sum }) => ({ cents: sum })))
    assert.match(
      shape,
      /^version 1 of "Deposited" cannot be read: \{"amount":5\}: as version 1 of "Deposited": Missing key/
    )
    const [step = ""] = reads(Upcast.from(1, v1).toCurrent(2, () => assert.fail("cannot")))
    assert.match(
      step,
      /^version 1 of "Deposited" cannot be read: .*the step from version 1 .* threw AssertionError: cannot/
    )
  })

  it("has the new version to record, and how the earlier ones are read from now on", () => {
    const { changes, text } = passed(second, golden)
    assert.deepStrictEqual(changes, [
      `version 1 of "Deposited" is read otherwise: {"amount":5}, which was read as {"amount":5}, ` +
      `is now {"_tag":"Deposited","cents":500}`,
      `version 2 of "Deposited" is not recorded yet`
    ])
    const { Deposited } = JSON.parse(text)
    assert.deepStrictEqual(Deposited[1], [{ data: { amount: 5 }, readAs: { _tag: "Deposited", cents: 500 } }])
    assert.deepStrictEqual(passed(second, text), { text, changes: [] })
  })

  it("has to be told if a step comes to something else than it did", () => {
    const { text } = passed(second, golden)
    const third = source(Schema.TaggedUnion({ Deposited: cents, Closed }), {
      earlier: { Deposited: Upcast.from(1, v1).toCurrent(2, ({ amount }) => ({ cents: amount * 10 })) }
    })
    const { changes } = passed(third, text)
    assert.deepStrictEqual(changes, [
      `version 1 of "Deposited" is read otherwise: {"amount":5}, which was read as {"_tag":"Deposited","cents":500}, ` +
      `is now {"_tag":"Deposited","cents":50}`
    ])
  })

  it("keeps all that was stored, and adds what is given", () => {
    const { text } = passed(second, golden, { examples: { Deposited: { 1: [{ amount: 5 }, { amount: 7 }] } } })
    assert.deepStrictEqual(JSON.parse(text).Deposited[1].map(({ data }: { data: unknown }) => data), [
      { amount: 5 },
      { amount: 7 }
    ])
  })

  it("says if the file is spoilt", () => {
    assert.match(problems(first, "[")[0]!, /^what was recorded is spoilt: /)
    assert.match(problems(first, `{"Deposited":{"1":{}}}`)[0]!, /^what was recorded is spoilt: /)
  })
})
