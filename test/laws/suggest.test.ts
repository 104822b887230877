/** What the laws suggest for five domains and for the leads, held against what is found by trying everything. */
import { assert, describe, it } from "@effect/vitest"
import { Lead } from "@refold/example-leads/Lead"
import * as AggregateLaws from "@refold/vitest/AggregateLaws"
import * as Effect from "effect/Effect"
import type { Aggregate } from "refold"
import type { Types } from "refold/Decider"
import * as Alphabets from "./alphabets.ts"
import * as Differences from "./differences.ts"
import { BankAccount } from "./domains/bankAccount.ts"
import { Document } from "./domains/document.ts"
import { Invoice } from "./domains/invoice.ts"
import { Seats } from "./domains/seats.ts"
import { Stock } from "./domains/stock.ts"
import { enumerate } from "./oracle.ts"

const seeds = [1, 2, 3]

/** Every ordered pair of types, and what is said of it. */
const table = <Said>(tags: ReadonlyArray<string>, say: (mine: string, theirs: string) => Said) =>
  Object.fromEntries(
    tags.flatMap((mine) => tags.map((theirs) => [`${mine} after ${theirs}`, say(mine, theirs)] as const))
  )

const compare = <T extends Types>(
  aggregate: Aggregate.Aggregate<T>,
  { commands, depth, differences }: {
    readonly commands: ReadonlyArray<T["Command"]>
    readonly depth: number
    readonly differences: ReadonlyArray<Differences.Difference>
  }
) =>
  describe(aggregate.category, () => {
    const { tags, verdict } = aggregate.conflicts
    const findings = enumerate(aggregate, commands, depth)
    const { found } = findings

    it("has been tried to the end, or so far that a step more finds nothing new", () => {
      if (findings.complete) return
      const further = enumerate(aggregate, commands, depth + 1)
      assert.isAbove(further.states, findings.states)
      assert.deepStrictEqual(table(tags, further.found), table(tags, found))
    })

    for (const seed of seeds) {
      it.effect(`is suggested the table that trying everything finds, by seed ${seed}`, () =>
        Effect.gen(function*() {
          const { pairs } = yield* AggregateLaws.suggest(aggregate, { seed })
          const suggested = new Map(
            pairs.map((
              { exclusive, mine, theirs, verdict }
            ) => [`${mine} ${theirs}`, exclusive ? "exclusive" : verdict])
          )
          assert.deepStrictEqual(table(tags, (mine, theirs) => suggested.get(`${mine} ${theirs}`)), table(tags, found))
        }))
    }

    it("differs from what its expert wrote beforehand in what is explained, and in nothing else", () => {
      const explained = new Map(
        differences.flatMap(({ expert, found, pairs }) =>
          pairs.map(([mine, theirs]) => [`${mine} after ${theirs}`, `${expert}, found ${found}`] as const)
        )
      )
      const sayBoth = (mine: string, theirs: string) => {
        const [expert, actual] = [verdict(mine, theirs), found(mine, theirs)]
        return actual === "exclusive" || expert === actual ? "agreed" : `${expert}, found ${actual}`
      }
      assert.deepStrictEqual(
        table(tags, sayBoth),
        table(tags, (mine, theirs) => explained.get(`${mine} after ${theirs}`) ?? "agreed")
      )
    })
  })

compare(BankAccount, { commands: Alphabets.bankAccount, depth: 5, differences: Differences.bankAccount })
compare(Invoice, { commands: Alphabets.invoice, depth: Infinity, differences: Differences.invoice })
compare(Stock, { commands: Alphabets.stock, depth: 4, differences: Differences.stock })
compare(Seats, { commands: Alphabets.seats, depth: Infinity, differences: Differences.seats })
compare(Document, { commands: Alphabets.document, depth: 3, differences: Differences.document })
compare(Lead, { commands: Alphabets.leads, depth: Infinity, differences: Differences.leads })
