import { assert, describe, it } from "@effect/vitest"
import * as StreamId from "refold/StreamId"

const parts = ["tenant", "category", "id"] as const
const Good: StreamId.StreamId = { tenant: "default", category: "Lead", id: "1410" }

describe("a stream id", () => {
  for (const part of parts) {
    const longest = StreamId.maxLength[part]
    const problemOf = (value: string) => StreamId.problem({ ...Good, [part]: value })

    it(`needs a ${part} that is not empty`, () => {
      assert.strictEqual(problemOf(""), `the ${part} is empty`)
      assert.isUndefined(problemOf(" "))
    })

    it(`may have a ${part} of ${longest} characters and no more`, () => {
      assert.isUndefined(problemOf("x".repeat(longest)))
      const problem = `the ${part} is ${longest + 1} characters long; at most ${longest} are allowed`
      assert.strictEqual(problemOf("x".repeat(longest + 1)), problem)
      assert.isUndefined(problemOf("😀".repeat(longest / 2)))
      assert.include(problemOf("😀".repeat(longest / 2) + "x"), `${longest + 1} characters long`)
    })

    it(`may not have a NUL in its ${part}`, () => {
      for (const value of ["\0", "a\0b", "a\0"]) {
        assert.strictEqual(problemOf(value), `the ${part} contains a NUL character`)
      }
    })

    it(`may not have half a surrogate pair in its ${part}`, () => {
      for (const value of ["\ud83d", "\ude00", "a\ud83db", "\ude00\ud83d"]) {
        assert.strictEqual(problemOf(value), `the ${part} contains half a surrogate pair, which is not valid Unicode`)
      }
    })

    it(`may have any other text as its ${part}`, () => {
      for (const value of ["a-b", "名前", "😀", "'; --", "..", "a/b\\c", "\n", "\ufffd", "\uffff", "__proto__"]) {
        assert.isUndefined(problemOf(value))
      }
    })
  }

  it("is told as category and id", () => {
    assert.strictEqual(StreamId.format(Good), "Lead-1410")
  })
})
