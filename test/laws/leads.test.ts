/** The laws on the leads: its table is true, and no cell that matters can be let go without them saying so. */
import { assert, describe, it } from "@effect/vitest"
import { Lead } from "@refold/example-leads/Lead"
import * as AggregateLaws from "@refold/vitest/AggregateLaws"
import * as Effect from "effect/Effect"

const patience = 60_000
const seeds = Array.from({ length: 20 }, (_, index) => index)

/** What its author declared, but for one pair that is let go. */
const without = (mine: string, theirs: string): typeof Lead => ({
  ...Lead,
  conflicts: {
    ...Lead.conflicts,
    verdicts: (a, b) => a === mine && b === theirs ? ["commutes"] : Lead.conflicts.verdicts(a, b),
    between: (a, b) => a._tag === mine && b._tag === theirs ? "commutes" : Lead.conflicts.between(a, b)
  }
})

const pairs = (broken: AggregateLaws.LawsBroken) =>
  broken.broken.flatMap(({ law, pairs }) => pairs.map(({ mine, theirs }) => `${law}: ${mine} after ${theirs}`))

describe("the table of the leads", () => {
  it.live("is true", () =>
    Effect.gen(function*() {
      for (const seed of seeds) yield* AggregateLaws.check(Lead, { seed, histories: 100 })
    }), patience)

  it.live("is stricter than the laws ask for where a person should look at a status and a follow-up", () =>
    Effect.gen(function*() {
      const { stricter } = yield* AggregateLaws.check(Lead)
      assert.deepStrictEqual(
        stricter.filter(({ exclusive }) => !exclusive).map(({ enough, mine, theirs }) => [mine, theirs, enough]),
        [["StatusChanged", "FollowupSet", "commutes"], ["FollowupSet", "StatusChanged", "redecides"]]
      )
    }))

  for (
    const [mine, theirs] of [
      ["LeadInitialized", "LeadInitialized"],
      ["NameChanged", "NameChanged"],
      ["ContactInfoChanged", "ContactInfoChanged"],
      ["StatusChanged", "StatusChanged"],
      ["FollowupSet", "FollowupSet"],
      ["FollowupSet", "StatusChanged"]
    ] as const
  ) {
    it.live(`is refused without ${mine} after ${theirs}, whatever the seed`, () =>
      Effect.gen(function*() {
        for (const seed of seeds) {
          const broken = yield* Effect.flip(AggregateLaws.check(without(mine, theirs), { seed, histories: 40 }))
          assert.deepStrictEqual(pairs(broken), [`commutes: ${mine} after ${theirs}`], `seed ${seed}`)
        }
      }), patience)
  }

  it.live("is explained in its own words where it is not true", () =>
    Effect.gen(function*() {
      const { message } = yield* Effect.flip(
        AggregateLaws.check(without("FollowupSet", "StatusChanged"), { seed: 42, histories: 60 })
      )
      for (
        const words of [
          "FollowupSet is declared to commute with StatusChanged, but it would not be decided like that after it.",
          "If Ann decides again, after Bob:  rejected: LeadNotOpen",
          `declare  FollowupSet: { redecides: ["StatusChanged"] }`,
          "of seed 42."
        ]
      ) assert.include(message, words)
      assert.match(message, /Ann: {2}SetFollowup (\{.*\}) +→ {2}FollowupSet \1\n {8}without having seen what Bob did/)
      assert.match(message, /followup {3}null → "\d{4}-\d\d-\d\d"/)
      assert.match(message, /After\n {2}InitializeLead \{.*\}\nthe lead is/)
    }))

  it.live("can be found from nothing, and is the same for a seed", () =>
    Effect.gen(function*() {
      const { table } = yield* AggregateLaws.suggest(Lead, { histories: 200 })
      const cells = table.split("\n").map((line) => line.replace(/ \/\/.*/, ""))
      assert.deepStrictEqual(cells, [
        "conflicts: {",
        `  LeadInitialized: { collides: ["LeadInitialized"] },`,
        `  NameChanged: { collides: ["NameChanged"] },`,
        `  ContactInfoChanged: { collides: ["ContactInfoChanged"] },`,
        `  StatusChanged: { collides: ["StatusChanged"] },`,
        `  FollowupSet: { collides: ["FollowupSet"], redecides: ["StatusChanged"] }`,
        "}"
      ])
      const again = yield* AggregateLaws.suggest(Lead, { histories: 200 })
      assert.deepStrictEqual(again, yield* AggregateLaws.suggest(Lead, { histories: 200 }))
      assert.strictEqual(again.table, table)
    }))

  it.live("lets events be that cannot happen in the same state", () =>
    Effect.gen(function*() {
      const { coverage } = yield* AggregateLaws.check(Lead, { histories: 200 })
      const exclusive = coverage.pairs.filter(({ exclusive }) => exclusive)
      assert.strictEqual(exclusive.length, 8)
      assert.isTrue(exclusive.every(({ met, mine, theirs }) => met === 0 && [mine, theirs].includes("LeadInitialized")))
    }))
})
