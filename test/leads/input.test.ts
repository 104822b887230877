/** How input is cut into lines, commands and batches; no process, no database. */
import { assert, describe, it } from "@effect/vitest"
import { batches, type Line, maxLineLength } from "@refold/example-leads/input"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const encoder = new TextEncoder()

const read = (
  chunks: ReadonlyArray<Uint8Array>,
  { maxBatch = 64, seed = "" }: { readonly maxBatch?: number; readonly seed?: string } = {}
): Effect.Effect<ReadonlyArray<ReadonlyArray<Line>>> =>
  Stream.runCollect(batches(Stream.decodeText(Stream.fromIterable(chunks)), { maxBatch, seed }))

const readText = (text: string, options?: Parameters<typeof read>[1]) => read([encoder.encode(text)], options)

const problemOf = ({ request }: Line) => Result.isFailure(request) ? request.failure : "none"

const command = (lead: string, name = "Ann") =>
  JSON.stringify({ lead, by: "ann", command: { _tag: "ChangeName", name } })

/** The lines of an input and where it is cut: in a line, in a line end, in a character of several bytes. */
const cutInput = Arbitrary.all({
  lines: Arbitrary.array(
    Arbitrary.schema(Schema.Literals([
      command("1"),
      command("Zoë 😀 名前"),
      command("1", "x".repeat(40)),
      "",
      "  ",
      "# 名前",
      "{not JSON",
      "\u0000",
      "  \ufeff42"
    ])),
    { maxLength: 12 }
  ),
  lineEnd: Arbitrary.schema(Schema.Literals(["\n", "\r\n"])),
  lastLineEnd: Arbitrary.schema(Schema.Boolean),
  cuts: Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 600 }))), {
    maxLength: 20
  }),
  maxBatch: Arbitrary.schema(Schema.Literals([1, 2, 3, 64]))
})

/** The same in plain code: the line numbers of each batch. */
const expectedBatches = (lines: ReadonlyArray<string>, maxBatch: number) => {
  const all: Array<Array<number>> = [[]]
  for (const [index, line] of lines.entries()) {
    if (line.startsWith("#")) continue
    if (line.trim() === "" || all.at(-1)!.length === maxBatch) all.push([])
    if (line.trim() !== "") all.at(-1)!.push(index + 1)
  }
  return all.filter((batch) => batch.length > 0)
}

describe("input", () => {
  it.effect.prop(
    "makes the same batches wherever it is cut into chunks",
    [cutInput],
    ([{ cuts, lastLineEnd, lineEnd, lines, maxBatch }]) =>
      Effect.gen(function*() {
        const bytes = encoder.encode(lines.join(lineEnd) + (lastLineEnd ? lineEnd : ""))
        const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length]
        const chunks = edges.slice(1).map((end, index) => bytes.slice(edges[index], end))
        const whole = yield* read([bytes], { maxBatch })
        assert.deepStrictEqual(yield* read(chunks, { maxBatch }), whole)
        assert.deepStrictEqual(
          whole.map((batch) => batch.map(({ number }) => number)),
          expectedBatches(lines, maxBatch)
        )
      }),
    { arbitrary: { runs: 300 } }
  )

  it.effect("can be cut after every single byte", () =>
    Effect.gen(function*() {
      const text = `\ufeff${command("Zoë 😀 名前")}\r\n\r\n# 名\r\n${command("2")}`
      const bytes = encoder.encode(text)
      const whole = yield* read([bytes])
      assert.deepStrictEqual(whole.flat().map(problemOf), ["none", "none"])
      assert.deepStrictEqual(whole.map((batch) => batch.map(({ number }) => number)), [[1], [4]])
      assert.deepStrictEqual(yield* read(Array.from(bytes, (byte) => Uint8Array.of(byte))), whole)
    }))

  it.effect("may be empty, and need not end with a line end", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* read([]), [])
      assert.deepStrictEqual(yield* readText("\n\n# nothing\n"), [])
      assert.deepStrictEqual(yield* readText(command("1")), yield* readText(`${command("1")}\n`))
    }))

  it.effect("reads lines up to the limit, and keeps little of longer ones", () =>
    Effect.gen(function*() {
      const padded = (length: number) => {
        const { lead, ...rest } = JSON.parse(command("1"))
        const text = `{${" ".repeat(length - command("1").length)}${JSON.stringify({ lead, ...rest }).slice(1)}`
        assert.strictEqual(text.length, length)
        return text
      }
      const endless = Stream.make(padded(maxLineLength), "\n", padded(maxLineLength + 1), "\n").pipe(
        Stream.concat(Stream.take(Stream.forever(Stream.succeed("x".repeat(65_536))), 100)),
        Stream.concat(Stream.make(`\n${command("2")}`))
      )
      const [batch] = yield* Stream.runCollect(batches(endless, { maxBatch: 64, seed: "" }))
      assert.deepStrictEqual(batch?.map((line) => [line.number, problemOf(line)]), [
        [1, "none"],
        [2, "the line is 1000001 characters long; at most 1000000 are read"],
        [3, "the line is 6553600 characters long; at most 1000000 are read"],
        [4, "none"]
      ])
    }))

  it.effect("gives a line the same id as long as everything before it is the same", () =>
    Effect.gen(function*() {
      const ids = (lines: ReadonlyArray<string>, seed?: string) =>
        Effect.map(readText(lines.join("\n"), seed === undefined ? {} : { seed }), (batches) =>
          batches.flat().map(({ id }) => id))
      const lines = [command("1"), command("2"), command("1"), command("1")]
      const first = yield* ids(lines)
      assert.strictEqual(new Set(first).size, 4)
      assert.deepStrictEqual(
        yield* ids(lines.map((line) =>
          ` ${line}\r\n\n# comment`
        )),
        first
      )
      assert.deepStrictEqual((yield* ids([...lines, command("3")])).slice(0, 4), first)
      const [same, ...others] = yield* ids([command("1"), command("changed"), ...lines.slice(2)])
      assert.strictEqual(same, first[0])
      assert.notIncludeMembers(first, others)
      assert.notIncludeMembers(yield* ids(lines, "another input"), first)
    }))

  it.effect("says of a bad line what is wrong with it, in few words", () =>
    Effect.gen(function*() {
      const lines = [
        [
          "{\"lead\"",
          "not JSON: SyntaxError: Expected ':' after property name in JSON at position 7 (line 1 column 8)"
        ],
        ["42", "Expected object"],
        ["null", "Expected object"],
        ["[]", "Expected object"],
        [
          command("1").replace("ChangeName", "toString"),
          "unknown command \"toString\"; there are InitializeLead, " +
          "ChangeName, ChangeContactInfo, ChangeStatus, SetFollowup"
        ],
        [command("1").replace("\"Ann\"", "42"), "Expected string\n  at [\"command\"][\"name\"]"],
        [
          command("1", ""),
          "Expected 1 to 200 characters, none of them a control character\n  at [\"command\"][\"name\"]"
        ],
        [
          command("1", "x".repeat(201)),
          "Expected 1 to 200 characters, none of them a control character\n" +
          "  at [\"command\"][\"name\"]"
        ],
        [
          command("1", "\u001b[2J"),
          "Expected 1 to 200 characters, none of them a control character\n" +
          "  at [\"command\"][\"name\"]"
        ],
        [command("1").replace("}", ",\"age\":1}"), "Expected no excess property\n  at [\"command\"][\"age\"]"],
        [
          command("1").replace("\"by\"", "\"By\""),
          "Expected no excess property\n  at [\"By\"]\nMissing key\n  at [\"by\"]"
        ],
        [command(""), "Expected a value with a length of at least 1\n  at [\"lead\"]"],
        [command("1", "Ren\ufffd"), "not UTF-8, from character 66 on"],
        [
          "{\"lead\":\"1\",\"by\":\"ann\",\"command\":{\"_tag\":\"SetFollowup\",\"on\":\"2026-02-30\"}}",
          "Expected a day that exists\n  at [\"command\"][\"on\"]"
        ],
        [
          "{\"lead\":\"1\",\"by\":\"ann\",\"command\":{\"_tag\":\"SetFollowup\",\"on\":\"0000-01-01\"}}",
          "Expected a day that exists\n  at [\"command\"][\"on\"]"
        ],
        ["{\"lead\":\"1\",\"by\":\"ann\",\"command\":{\"_tag\":\"SetFollowup\",\"on\":\"2028-02-29\"}}", "none"],
        [`{"lead":"1","by":"ann","command":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, /^Expected \{/],
        [
          `{"lead":"1","by":"ann","command":{"_tag":"ChangeContactInfo","phone":"12345","email":"a@${
            ".".repeat(9e5)
          }@"}}`,
          /^Expected 1 to 200 characters, .*\n.*\nExpected an e-mail address/
        ]
      ] as const
      const found = (yield* readText(lines.map(([line]) => line).join("\n"))).flat()
      for (const [index, [, problem]] of lines.entries()) {
        if (typeof problem === "string") assert.strictEqual(problemOf(found[index]!), problem)
        else assert.match(problemOf(found[index]!), problem)
        assert.isAtMost(problemOf(found[index]!).length, 300)
      }
    }))
})
