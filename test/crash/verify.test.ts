/** The test of the test: what a crash may not do to a log is found out. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import type { Tagged } from "refold/Decider"
import type { RecordedEvent } from "refold/RecordedEvent"
import type { Line } from "./journal.ts"
import { verify } from "./verify.ts"

const credited = { _tag: "Credited", cents: 1 } as const

/** Event `n` of the log, appended by an attempt to the stream `Account/a`. */
const event = (n: number, attempt: string, version = n): RecordedEvent<Tagged> => ({
  id: `id ${attempt} ${n}`,
  stream: { tenant: "default", category: "Account", id: "a" },
  version,
  position: n,
  type: "Credited",
  schemaVersion: 1,
  event: credited,
  metadata: { custom: { attempt } },
  recordedAt: DateTime.makeUnsafe(0)
})

const began = (
  attempt: string,
  at: number,
  events: number,
  atMost: number | null = null,
  eventIds: ReadonlyArray<string> | null = null
): Line => ({
  _tag: "Began",
  at,
  attempt,
  stream: "Account/a",
  events: Array.from({ length: events }, () => credited),
  eventIds,
  atLeast: 0,
  atMost,
  since: null
})
const acknowledged = (attempt: string, at: number, version: number, missed: ReadonlyArray<string> = []): Line => ({
  _tag: "Acknowledged",
  at,
  attempt,
  version,
  position: version,
  missed,
  repeated: false
})
const there = (attempt: string, at: number, version: number): Line => ({
  _tag: "Acknowledged",
  at,
  attempt,
  version,
  position: version,
  missed: [],
  repeated: true
})
const sawAll = (log: ReadonlyArray<RecordedEvent<Tagged>>): ReadonlyArray<Line> =>
  log.map(({ id, position, version }) => ({ _tag: "Saw", id, position, version, stream: "Account/a" }))

const log = [event(1, "one"), event(2, "one"), event(3, "two")]
const lines = [
  began("one", 1, 2),
  acknowledged("one", 2, 2),
  began("two", 3, 1, 2),
  acknowledged("two", 4, 3),
  began("refused", 5, 1, 2),
  { _tag: "Refused", at: 6, attempt: "refused", actual: 3, missed: ["id two 3"] } as const,
  began("unknown", 7, 2)
]

const problems = (
  log: ReadonlyArray<RecordedEvent<Tagged>>,
  journal: ReadonlyArray<Line> = lines,
  saw: ReadonlyArray<Line> = sawAll(log)
) => verify(log, journal, saw).problems

it("a log that is as everybody knew is well", () => {
  assert.deepStrictEqual(problems(log), [])
})

it("what is unknown may be in as a whole", () => {
  const more = [...log, event(4, "unknown"), event(5, "unknown")]
  const { figures, problems } = verify(more, lines, sawAll(more))
  assert.deepStrictEqual(problems, [])
  assert.strictEqual(figures.unknownFoundIn, 1)
})

const more = [...log, event(4, "sent")]
const sent = [...lines.slice(0, -1), began("sent", 7, 1, null, ["id sent 4"])]
const sentAgain = [...sent, began("again", 8, 1, null, ["id sent 4"])]

it("what was sent again under its ids may have been there already", () => {
  assert.deepStrictEqual(problems(more, [...sentAgain, there("again", 9, 4)]), [])
})

describe("it is found out", () => {
  const cases: Record<string, () => ReadonlyArray<string>> = {
    "something acknowledged is lost": () => problems(log.slice(0, 2)),
    "something is in twice": () => problems([...log, event(4, "two")]),
    "something refused is in": () => problems([...log, event(4, "refused")]),
    "a half of what is unknown is in": () => problems([...log, event(4, "unknown")]),
    "something is in that nobody began": () => problems([...log, event(4, "nobody")]),
    "a version is missing": () => problems([...log, event(4, "unknown", 5), event(5, "unknown", 6)]),
    "a condition did not hold": () =>
      problems(log, [...lines.slice(0, 2), began("two", 3, 1, 1), acknowledged("two", 4, 3), ...lines.slice(4)]),
    "a refusal told of a version that was never there": () =>
      problems(log, [...lines.slice(0, 5), { _tag: "Refused", at: 6, attempt: "refused", actual: 4, missed: [] }]),
    "a refusal told of other events than those missed": () =>
      problems(log, [...lines.slice(0, 5), { _tag: "Refused", at: 6, attempt: "refused", actual: 3, missed: [] }]),
    "what was there before something began comes after it": () =>
      problems(log, [began("one", 10, 2), acknowledged("one", 11, 2), ...lines.slice(2)]),
    "the subscriber missed something": () => problems(log, lines, sawAll(log).slice(1)),
    "the subscriber saw something twice": () => problems(log, lines, sawAll([...log.slice(0, 1), ...log])),
    "something is in that was not, as the store was away": () =>
      problems([...log, event(4, "unknown"), event(5, "unknown")], [
        ...lines,
        { _tag: "Unavailable", at: 8, attempt: "unknown" }
      ]),
    "what was sent again is in twice": () =>
      problems([...more, event(5, "again")], [...sentAgain, acknowledged("again", 9, 5)]),
    "what was sent again is said to be somewhere else": () => problems(more, [...sentAgain, there("again", 9, 3)]),
    "what was sent again is said to be there and is not": () => problems(log, [...sentAgain, there("again", 9, 4)]),
    "what was sent again is refused although it is there": () =>
      problems(more, [...sentAgain, { _tag: "Refused", at: 9, attempt: "again", actual: 3, missed: [] }]),
    "what was sent under ids is never answered": () => problems(more, sent),
    "an append failed for good": () =>
      problems(log, [...lines, { _tag: "Failed", at: 8, attempt: "unknown", why: "a defect" }])
  }
  for (const [what, found] of Object.entries(cases)) it(`if ${what}`, () => assert.isNotEmpty(found()))
})
