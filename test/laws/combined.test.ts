/** What obeys the laws alone obeys them in a combination, and what breaks them breaks them there. */
import { assert, describe, it } from "@effect/vitest"
import { Lead } from "@refold/example-leads/Lead"
import * as AggregateLaws from "@refold/vitest/AggregateLaws"
import * as Effect from "effect/Effect"
import * as Aggregate from "refold/Aggregate"
import { makeAccount } from "../core/programs.ts"

const Account = makeAccount()

describe("a combination of aggregates", () => {
  it.live("obeys the laws if its parts do, and is as strict as they are", () =>
    Effect.gen(function*() {
      const alone = [yield* AggregateLaws.check(Lead), yield* AggregateLaws.check(Account)]
      const combined = yield* AggregateLaws.check(Aggregate.combine("Customer", { lead: Lead, account: Account }))
      const pairsOf = (report: AggregateLaws.Report) => report.stricter.map(({ mine, theirs }) => [mine, theirs])
      assert.deepStrictEqual(pairsOf(combined), alone.flatMap(pairsOf))
    }), 60_000)

  it.live("breaks them if a part does, and is told of the same pair", () =>
    Effect.gen(function*() {
      const { conflicts } = Account
      const Careless: typeof Account = {
        ...Account,
        conflicts: { ...conflicts, verdicts: () => ["commutes"], between: () => "commutes" }
      }
      const broken = yield* Effect.flip(
        AggregateLaws.check(Aggregate.combine("Customer", { lead: Lead, account: Careless }))
      )
      assert.deepStrictEqual(
        broken.broken.flatMap(({ pairs }) => pairs.map(({ mine, theirs }) => [mine, theirs])),
        [["Debited", "Debited"]]
      )
    }), 60_000)
})
