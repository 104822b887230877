import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Conflicts from "refold/Conflicts"
import type { Tagged } from "refold/Decider"
import type { RecordedEvent } from "refold/RecordedEvent"

const tags = ["Renamed", "Debited", "Closed"] as const
type Tag = typeof tags[number]

type Event = { readonly [T in Tag]: { readonly _tag: T } }[Tag]

const make = (table: Conflicts.ConflictTable<Event>) => Conflicts.make(tags, table)

const Table = make({
  Renamed: { collides: ["Renamed"] },
  Debited: { redecides: ["Debited"], collides: ["Closed"] },
  Closed: "redecides"
})

const matrix = (conflicts: Conflicts.Conflicts<Event>) =>
  tags.map((mine) => tags.map((theirs) => conflicts.verdict(mine, theirs)))

const event = (_tag: Tag): Event => ({ _tag })

const recorded = (tag: Tag, version: number): RecordedEvent<Event> => ({
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

  it("that names a pair twice is refused even if one is on a condition, unless it is the collision", () => {
    assert.throws(
      () => make({ Renamed: {}, Debited: { collides: ["Closed"], redecides: { Closed: () => true } }, Closed: {} }),
      `Conflict table: Debited after Closed is given as both "redecides" and "collides"`
    )
    assert.doesNotThrow(() =>
      make({ Renamed: {}, Debited: { collides: { Closed: () => true }, redecides: ["Closed"] }, Closed: {} })
    )
  })

  it("takes nothing it has not heard of to commute", () => {
    assert.strictEqual(Table.verdict("Renamed", "Merged" as Tag), "collides")
    assert.strictEqual(Table.verdict("Merged" as Tag, "Renamed"), "collides")
    assert.strictEqual(Table.verdict("Renamed", "constructor" as Tag), "collides")
    assert.strictEqual(make("commutes").verdict("Renamed", "Merged" as Tag), "collides")
    assert.strictEqual(make("commutes").between(event("Renamed"), event("Merged" as Tag)), "collides")
  })

  it("knows event types that are called like members of every object", () => {
    const names = ["constructor", "toString", "__proto__"]
    const rules: ReadonlyArray<Conflicts.Verdict | Conflicts.Rule<Tagged, string>> = [
      { collides: ["__proto__"], redecides: {} },
      "redecides",
      { redecides: { ["__proto__"]: true } }
    ]
    const conflicts = Conflicts.make<Tagged>(
      names,
      Object.fromEntries(names.map((name, index) => [name, rules[index]!]))
    )
    assert.deepStrictEqual(names.map((mine) => names.map((theirs) => conflicts.verdict(mine, theirs))), [
      ["commutes", "commutes", "collides"],
      ["redecides", "redecides", "redecides"],
      ["commutes", "commutes", "redecides"]
    ])
    assert.deepStrictEqual(conflicts.commuting(["constructor"]), ["constructor", "toString"])
  })
})

interface LineChanged {
  readonly _tag: "LineChanged"
  readonly sku: string
}
interface Discounted {
  readonly _tag: "Discounted"
  readonly sku: string
}
interface Sent {
  readonly _tag: "Sent"
}

const sameSku = (mine: { readonly sku: string }, theirs: { readonly sku: string }) => mine.sku === theirs.sku
const invoiceTags = ["LineChanged", "Discounted", "Sent"] as const
const Invoice = Conflicts.make<LineChanged | Discounted | Sent>(invoiceTags, {
  LineChanged: { collides: { LineChanged: sameSku, Sent: true }, redecides: { Discounted: sameSku } },
  Discounted: { collides: { Discounted: sameSku }, redecides: ["Discounted"] },
  Sent: { collides: { LineChanged: (_, { sku }) => sku === "hat" }, redecides: { LineChanged: () => true } }
})

describe("a rule that depends on the events", () => {
  const line = (sku: string) => ({ _tag: "LineChanged", sku }) as const
  const discount = (sku: string) => ({ _tag: "Discounted", sku }) as const

  it("applies where its condition does; elsewhere the pair commutes", () => {
    assert.strictEqual(Invoice.between(line("hat"), line("hat")), "collides")
    assert.strictEqual(Invoice.between(line("hat"), line("cap")), "commutes")
    assert.strictEqual(Invoice.between(line("hat"), discount("hat")), "redecides")
    assert.strictEqual(Invoice.between(line("hat"), discount("cap")), "commutes")
    assert.strictEqual(Invoice.between(line("hat"), { _tag: "Sent" }), "collides")
    assert.strictEqual(Invoice.between(discount("hat"), line("hat")), "commutes")
  })

  it("leaves to redecides what it does not let collide, whether or not that has a condition, too", () => {
    assert.strictEqual(Invoice.between(discount("hat"), discount("hat")), "collides")
    assert.strictEqual(Invoice.between(discount("hat"), discount("cap")), "redecides")
    assert.strictEqual(Invoice.between({ _tag: "Sent" }, line("hat")), "collides")
    assert.strictEqual(Invoice.between({ _tag: "Sent" }, line("cap")), "redecides")
  })

  it("tells of a pair all it may come to, strictest first, and what that is at worst", () => {
    assert.deepStrictEqual<unknown>(
      invoiceTags.map((mine) => invoiceTags.map((theirs) => Invoice.verdicts(mine, theirs).join(" "))),
      [
        ["collides commutes", "redecides commutes", "collides"],
        ["commutes", "collides redecides", "commutes"],
        ["collides redecides commutes", "commutes", "commutes"]
      ]
    )
    assert.strictEqual(Invoice.verdict("Sent", "LineChanged"), "collides")
    assert.strictEqual(Invoice.verdict("LineChanged", "Discounted"), "redecides")
  })

  it("keeps a type out of those that commute with a decision, whatever is in its events", () => {
    assert.deepStrictEqual(Invoice.commuting(["LineChanged"]), [])
    assert.deepStrictEqual(Invoice.commuting(["Discounted"]), ["LineChanged", "Sent"])
    assert.deepStrictEqual(Invoice.commuting(["Sent", "Discounted"]), ["Sent"])
  })

  it("is asked about mine and theirs in this order, and only about the pair it was declared for", () => {
    const asked: Array<unknown> = []
    const Asking = Conflicts.make<LineChanged | Discounted>(["LineChanged", "Discounted"], {
      LineChanged: { collides: { Discounted: (...pair) => asked.push(pair) < 0 } },
      Discounted: {}
    })
    const mine = [line("hat"), discount("cap")]
    const theirs = [line("cap"), discount("hat")].map((event, index) => ({ ...recorded("Closed", index + 1), event }))
    assert.strictEqual(Conflicts.judge(Asking, mine, theirs).verdict, "commutes")
    assert.deepStrictEqual(asked, [[line("hat"), discount("hat")]])
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
    const conflicts = Conflicts.make<{ readonly _tag: typeof names[number] }>(names, {
      A: "collides",
      B: "collides",
      "A B": "commutes"
    })
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
