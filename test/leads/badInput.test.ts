/** What the demo makes of input that is not as it should be, and of standard input. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestDatabase from "../support/TestDatabase.ts"
import { run, start, temporaryFile, temporaryFolder } from "./support/demo.ts"
import { assertReadModels } from "./support/log.ts"
import { report, reports, table } from "./support/output.ts"

const command = (lead: string, command: object, rest: object = {}) =>
  JSON.stringify({ lead, by: "ann", ...rest, command })

const create = (lead: string, name = "Zoë 名前") =>
  command(lead, { _tag: "InitializeLead", name, email: "zoe@example.org", phone: "+49 30 555" })

const rename = (lead: string, name = "Zoé") => command(lead, { _tag: "ChangeName", name })

const [before, after] = rename("1", "Ren~").split("~")

/** Each line, and what is to be said of it. */
const lines: ReadonlyArray<readonly [line: string | Uint8Array, said: string]> = [
  [create("1"), "ann 1 InitializeLead: appended at version 1"],
  ["", "the end of a batch"],
  ["\u001b[2J{nonsense", "bad line not JSON: SyntaxError: Unexpected token '·', \"·[2J{nonsense\" is not valid JSON"],
  [
    command("1", { _tag: "DeleteLead" }),
    "bad line unknown command \"DeleteLead\"; there are InitializeLead, ChangeName, ChangeContactInfo, ChangeStatus, " +
    "SetFollowup"
  ],
  [
    command("1", { _tag: "\u001b[31m" }),
    "bad line unknown command \"·[31m\"; there are InitializeLead, ChangeName, " +
    "ChangeContactInfo, ChangeStatus, SetFollowup"
  ],
  [command("1", { _tag: "ChangeName", name: 42 }), "bad line Expected string; at [\"command\"][\"name\"]"],
  [
    rename("1", "\u001b[31mred"),
    "bad line Expected 1 to 200 characters, none of them a control character; " +
    "at [\"command\"][\"name\"]"
  ],
  [
    rename("1", "a\u0000b"),
    "bad line Expected 1 to 200 characters, none of them a control character; " +
    "at [\"command\"][\"name\"]"
  ],
  [
    command("1", { _tag: "ChangeName", name: "Zoé", age: 7 }),
    "bad line Expected no excess property; " +
    "at [\"command\"][\"age\"]"
  ],
  [command("1", { _tag: "ChangeName" }), "bad line Missing key; at [\"command\"][\"name\"]"],
  [
    command("1", { _tag: "SetFollowup", on: "2026-02-31" }),
    "bad line Expected a day that exists; " +
    "at [\"command\"][\"on\"]"
  ],
  [
    command("1", { _tag: "ChangeStatus", status: "Closed" }, { seen: 1.5 }),
    "bad line Expected an integer; at [\"seen\"]"
  ],
  [
    command("1", { _tag: "ChangeStatus", status: "Closed" }, { seen: 9007199254740991 }),
    "ann 1 ChangeStatus: conflict version 9007199254740991 was seen, but there are only 1"
  ],
  [rename("2"), "ann 2 ChangeName: bad line there is no such lead"],
  [rename(""), "bad line Expected a value with a length of at least 1; at [\"lead\"]"],
  [
    rename("a\u0000b"),
    "ann a·b ChangeName: bad line \"Lead-a\\u0000b\" cannot be a stream id: the id contains a NUL " +
    "character"
  ],
  [
    rename("x".repeat(600)),
    `ann ${"x".repeat(600)} ChangeName: bad line "Lead-${"x".repeat(95)}" cannot be a stream id: the id is 600 ` +
    "characters long; at most 512 are allowed"
  ],
  [rename("1", "x".repeat(5_000_000)), "bad line the line is 5000066 characters long; at most 1000000 are read"],
  [
    Buffer.concat([Buffer.from(before!), Uint8Array.of(0xe9), Buffer.from(after!)]),
    "bad line not UTF-8, from character 66 on"
  ],
  [create("\u001b[31m"), "ann ·[31m InitializeLead: appended at version 1"],
  [rename("1"), "ann 1 ChangeName: appended at version 2"]
]

/** Line ends of Windows, and none at the end. */
const file = temporaryFile(Buffer.concat(
  lines.flatMap(([line], index) => index === 0 ? [Buffer.from(line)] : [Buffer.from("\r\n"), Buffer.from(line)])
))

layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("bad input", (it) => {
  it.effect("is reported line by line while the rest goes on, and nothing a terminal obeys gets through", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const { code, stderr, stdout } = yield* run(["--postgres", url, yield* file])
      assert.deepStrictEqual({ code, stderr }, { code: 1, stderr: "" })
      const said = reports(stdout)
      for (const [index, [line, expected]] of lines.entries()) {
        if (line === "") continue
        const { by, command, lead, outcome, text } = said.find(({ number }) => number === index + 1)!
        const asked = command === "" ? "" : `${by} ${lead} ${command}: `
        assert.strictEqual(`${index + 1} ${asked}${outcome} ${text}`, `${index + 1} ${expected}`)
      }
      assert.strictEqual(said.length, lines.length - 1)
      assert.include(stdout, "\n3 appended, 16 bad line, 1 conflict\n")
      assert.notMatch(stdout, /[^\P{Cc}\n]/u)
      assert.strictEqual((yield* assertReadModels).length, 3)
      assert.deepStrictEqual(table(stdout, "Leads").map(([lead, name]) => [lead, name]), [
        ["·[31m", "Zoë 名前"],
        ["1", "Zoé"]
      ])
    }))

  it.effect("is reported again by every run, and nothing else is, in colour if that is wanted", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const { code, stdout } = yield* run(["--postgres", url, yield* file], { FORCE_COLOR: "1" })
      assert.strictEqual(code, 1)
      const esc = String.fromCharCode(27)
      assert.include(stdout, `${esc}[31m16 bad line${esc}[39m`)
      const plain = stdout.replaceAll(new RegExp(`${esc}\\[(1|22|31|35|36|39|90)m`, "g"), "")
      assert.notMatch(plain, /[^\P{Cc}\n]/u)
      assert.deepStrictEqual(new Set(reports(plain).map(({ outcome }) => outcome)), new Set(["bad line"]))
      assert.strictEqual(reports(plain).length, 16)
      assert.include(plain, "\n4 commands were handled by an earlier run")
      assert.strictEqual((yield* assertReadModels).length, 3)
    }))

  it.effect("may be nothing at all", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const { code, stderr, stdout } = yield* run(["--postgres", url, "--reset", yield* temporaryFile("")])
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      assert.deepStrictEqual(reports(stdout), [])
      for (const title of ["Leads", "Known by, now and earlier", "Status changes"]) {
        assert.deepStrictEqual(table(stdout, title), [])
      }
    }))

  it.effect("in the form of a file that cannot be read is named on one line", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const folder = yield* temporaryFolder
      const missing = `${folder}/missing.jsonl`
      assert.deepStrictEqual(yield* run(["--postgres", url, missing]), {
        code: 1,
        stdout: "",
        stderr: `${missing} cannot be read: ENOENT: no such file or directory, open '${missing}'\n`
      })
      assert.deepStrictEqual(yield* run(["--postgres", url, folder]), {
        code: 1,
        stdout: "",
        stderr: `${folder} cannot be read: EISDIR: illegal operation on a directory, read\n`
      })
    }))
})

layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("standard input", (it) => {
  it.effect("is run batch by batch, each at its empty line, while more is still to come", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const demo = yield* start(["--postgres", url, "-"])
      const next = Effect.map(demo.line, (line) => {
        const said = report(line ?? "")
        return said === undefined ? line : `${said.number} ${said.outcome} ${said.text}`
      })

      // the second batch is cut in the middle of a letter, which is on its way when the first one is reported
      const followUp = Buffer.from(
        `{"lead": "1", "by": "Zoë", "command": {"_tag": "SetFollowup", "on": "2026-12-01"}}\n\n`
      )
      const middleOfLetter = followUp.indexOf("ë") + 1
      const close = command("1", { _tag: "ChangeStatus", status: "Closed" })
      yield* demo.type(
        Buffer.concat([Buffer.from(`${create("1")}\n\n${close}\n`), followUp.subarray(0, middleOfLetter)])
      )
      assert.strictEqual(yield* next, "1 appended at version 1")

      // its commands run at once: neither has seen what the other does
      yield* demo.type(followUp.subarray(middleOfLetter))
      assert.strictEqual(yield* next, "3 appended at version 2")
      assert.strictEqual(
        yield* next,
        "4 conflict ann changed the status to Closed (version 2) at the same moment: look before you decide"
      )

      // the same command again is a new one, and the last batch needs no empty line
      yield* demo.type(`${command("1", { _tag: "ChangeStatus", status: "Available" })}\n\n`)
      assert.strictEqual(yield* next, "6 appended at version 3")
      yield* demo.type(`${command("1", { _tag: "ChangeStatus", status: "Closed" })}\n\n`)
      assert.strictEqual(yield* next, "8 appended at version 4")
      yield* demo.type(rename("1"))
      yield* demo.endInput
      assert.strictEqual(yield* next, "10 appended at version 5")
      const { code, stderr, stdout } = yield* demo.ended
      assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      assert.deepStrictEqual(table(stdout, "Leads"), [
        ["1", "Zoé", "zoe@example.org", "+49 30 555", "Closed", "–", "5"]
      ])
      yield* assertReadModels
    }))

  it.effect("holds new commands each time, also when they read the same", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const demo = yield* start(["--postgres", url, "-"])
      yield* demo.type(create("1"))
      yield* demo.endInput
      const { code, stdout } = yield* demo.ended
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(reports(stdout).map(({ outcome, text }) => `${outcome} ${text}`), [
        "rejected this lead is already there: Zoé"
      ])
    }))

  it.effect("is read no further when nobody reads the output, without a word", () =>
    Effect.gen(function*() {
      const { url } = yield* TestDatabase.TestDatabase
      const demo = yield* start(["--postgres", url, "-"])
      yield* demo.type(`${rename("1", "Zoa")}\n\n`)
      yield* demo.line
      yield* demo.closeOutput
      yield* demo.type(`${rename("1", "Zob")}\n\n`)
      const { code, stderr } = yield* demo.ended
      assert.deepStrictEqual({ code, stderr }, { code: 1, stderr: "" })
    }))
})
