import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Conflicts from "refold/Conflicts"
import type { RecordedEvent } from "refold/RecordedEvent"

const tags = ["Renamed", "Debited", "Closed"] as const
type Tag = typeof tags[number]

const make = (table: Conflicts.ConflictTable<Tag>) => Conflicts.make<Tag>(tags, table)

const Table = make({
  Renamed: { collides: ["Renamed"] },
  Debited: { redecides: ["Debited"], collides: ["Closed"] },
  Closed: "redecides"
})

const matrix = (conflicts: Conflicts.Conflicts<Tag>) =>
  tags.map((mine) => tags.map((theirs) => conflicts.verdict(mine, theirs)))

const event = (_tag: Tag) => ({ _tag })

const recorded = (tag: Tag, version: number): RecordedEvent<{ readonly _tag: Tag }> => ({
  id: `event-${version}`,
  stream: { tenant: "default", category: "Test", id: "1" },
  version,
  position: version,
  type: tag,
  schemaVersion: 1,
  event: event(tag),
  metadata: {},
  recordedAt: DateTime.makeUnsafe(0)
})

describe("a conflict table", () => {
  it("gives the named verdicts, and lets what it does not name commute", () => {
    assert.deepStrictEqual(matrix(Table), [
      ["collides", "commutes", "commutes"],
      ["commutes", "redecides", "collides"],
      ["redecides", "redecides", "redecides"]
    ])
  })

  it("is read in one direction: mine, placed after theirs", () => {
    assert.strictEqual(Table.verdict("Debited", "Closed"), "collides")
    assert.strictEqual(Table.verdict("Closed", "Debited"), "redecides")
    assert.strictEqual(Table.verdict("Renamed", "Closed"), "commutes")
    assert.strictEqual(Table.verdict("Closed", "Renamed"), "redecides")
  })

  for (const verdict of ["commutes", "redecides", "collides"] as const) {
    it(`may be the one verdict "${verdict}" for everything, or for one event against all`, () => {
      assert.deepStrictEqual(matrix(make(verdict)), tags.map(() => tags.map(() => verdict)))
      const one = make({ Renamed: verdict, Debited: {}, Closed: {} })
      assert.deepStrictEqual(matrix(one), [
        [verdict, verdict, verdict],
        ["commutes", "commutes", "commutes"],
        ["commutes", "commutes", "commutes"]
      ])
    })
  }

  it("may name a pair twice if it says the same", () => {
    const twice = make({ Renamed: { collides: ["Closed", "Closed"] }, Debited: {}, Closed: {} })
    assert.strictEqual(twice.verdict("Renamed", "Closed"), "collides")
  })

  it("that contradicts itself is refused with the name of the pair", () => {
    assert.throws(
      () =>
        make({
          Renamed: {},
          Debited: { collides: ["Renamed", "Closed"], redecides: ["Debited", "Closed"] },
          Closed: {}
        }),
      `Conflict table: Debited after Closed is given as both "redecides" and "collides"`
    )
  })

  it("takes nothing it has not heard of to commute", () => {
    assert.strictEqual(Table.verdict("Renamed", "Merged" as Tag), "collides")
    assert.strictEqual(Table.verdict("Merged" as Tag, "Renamed"), "collides")
    assert.strictEqual(Table.verdict("Renamed", "constructor" as Tag), "collides")
    assert.strictEqual(make("commutes").verdict("Renamed", "Merged" as Tag), "collides")
  })

  it("knows event types that are called like members of every object", () => {
    const names = ["constructor", "toString", "__proto__"]
    const rules: ReadonlyArray<Conflicts.Verdict | Conflicts.Rule<string>> = [
      { collides: ["__proto__"] },
      "redecides",
      {}
    ]
    const conflicts = Conflicts.make<string>(
      names,
      Object.fromEntries(names.map((name, index) => [name, rules[index]!]))
    )
    assert.deepStrictEqual(names.map((mine) => names.map((theirs) => conflicts.verdict(mine, theirs))), [
      ["commutes", "commutes", "collides"],
      ["redecides", "redecides", "redecides"],
      ["commutes", "commutes", "commutes"]
    ])
    assert.deepStrictEqual(conflicts.commuting(["constructor"]), ["constructor", "toString"])
  })
})

describe("the types that commute with a decision", () => {
  it("are those that commute with every one of its events", () => {
    assert.deepStrictEqual(Table.commuting(["Renamed"]), ["Debited", "Closed"])
    assert.deepStrictEqual(Table.commuting(["Debited"]), ["Renamed"])
    assert.deepStrictEqual(Table.commuting(["Renamed", "Debited"]), [])
    assert.deepStrictEqual(Table.commuting(["Closed"]), [])
    const loose = make({ Renamed: { collides: ["Renamed"] }, Debited: { redecides: ["Debited"] }, Closed: {} })
    assert.deepStrictEqual(loose.commuting(["Renamed", "Debited"]), ["Closed"])
    assert.deepStrictEqual(loose.commuting(["Closed", "Renamed"]), ["Debited", "Closed"])
  })

  it("are all of them for a decision without events", () => {
    assert.deepStrictEqual(Table.commuting([]), tags)
    assert.deepStrictEqual(make("collides").commuting([]), tags)
  })

  it("are not confused between decisions whose names run together", () => {
    const names = ["A", "B", "A B"] as const
    const conflicts = Conflicts.make<typeof names[number]>(names, { A: "collides", B: "collides", "A B": "commutes" })
    assert.deepStrictEqual(conflicts.commuting(["A B"]), names)
    assert.deepStrictEqual(conflicts.commuting(["A", "B"]), [])
  })
})

describe("judging a decision", () => {
  it("finds nothing to object to if nothing was missed, or nothing decided", () => {
    const clear = { verdict: "commutes", collisions: [] }
    assert.deepStrictEqual<unknown>(Conflicts.judge(Table, [event("Closed")], []), clear)
    assert.deepStrictEqual<unknown>(Conflicts.judge(Table, [], [recorded("Closed", 1)]), clear)
    assert.deepStrictEqual<unknown>(Conflicts.judge(Table, [event("Renamed")], [recorded("Closed", 1)]), clear)
  })

  it("takes the strictest verdict of all pairs, in whatever order they come", () => {
    const verdict = (mine: ReadonlyArray<Tag>, theirs: ReadonlyArray<Tag>) =>
      Conflicts.judge(Table, mine.map(event), theirs.map((tag, index) => recorded(tag, index + 1))).verdict
    assert.strictEqual(verdict(["Debited"], ["Renamed", "Debited"]), "redecides")
    assert.strictEqual(verdict(["Debited"], ["Debited", "Renamed"]), "redecides")
    assert.strictEqual(verdict(["Debited"], ["Closed", "Debited"]), "collides")
    assert.strictEqual(verdict(["Debited"], ["Debited", "Closed"]), "collides")
    assert.strictEqual(verdict(["Closed", "Renamed"], ["Renamed"]), "collides")
    assert.strictEqual(verdict(["Renamed", "Closed"], ["Renamed"]), "collides")
  })

  it("lists all pairs that collide and no others, oldest of theirs first", () => {
    const mine = [{ ...event("Renamed"), name: "Ann" }, event("Debited"), { ...event("Renamed"), name: "Bea" }]
    const theirs = [recorded("Renamed", 4), recorded("Debited", 5), recorded("Closed", 6)]
    const { collisions } = Conflicts.judge(Table, mine, theirs)
    assert.deepStrictEqual(collisions, [
      { mine: mine[0]!, theirs: theirs[0]! },
      { mine: mine[2]!, theirs: theirs[0]! },
      { mine: mine[1]!, theirs: theirs[2]! }
    ])
  })
})
