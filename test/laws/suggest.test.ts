/** What the laws suggest for five domains and for the leads, held against what is found by trying everything. */
import { assert, describe, it } from "@effect/vitest"
import { Lead } from "@refold/example-leads/Lead"
import * as AggregateLaws from "@refold/vitest/AggregateLaws"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
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
  { commands, depth, expert: { differences, refused }, histories }: {
    readonly commands: ReadonlyArray<T["Command"]>
    readonly depth: number
    readonly expert: Differences.Expertise
    /** How many it takes to come across all that is to be refused. */
    readonly histories?: number
  }
) =>
  describe(`the table of ${aggregate.category}`, () => {
    const { tags, verdict } = aggregate.conflicts
    const findings = enumerate(aggregate, commands, depth)
    const { found } = findings

    it("has been held against all there is, or so much that a step more finds nothing new", () => {
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

    it.effect("has its expert's table refused, conditions and all, where trying everything refuses it, and nowhere else", () =>
      Effect.gen(function*() {
        const result = yield* Effect.result(AggregateLaws.check(aggregate, { seed: 1, histories }))
        const broken = Result.isFailure(result) ? result.failure.broken : []
        assert.deepStrictEqual(findings.refused, Object.keys(refused).toSorted())
        assert.deepStrictEqual(
          broken.flatMap(({ pairs }) => pairs.map(({ mine, theirs }) => `${mine} after ${theirs}`)).toSorted(),
          findings.refused
        )
      }))
  })

compare(BankAccount, { commands: Alphabets.bankAccount, depth: 5, expert: Differences.bankAccount })
compare(Invoice, { commands: Alphabets.invoice, depth: Infinity, expert: Differences.invoice })
compare(Stock, { commands: Alphabets.stock, depth: 4, expert: Differences.stock, histories: 1500 })
compare(Seats, { commands: Alphabets.seats, depth: Infinity, expert: Differences.seats })
compare(Document, { commands: Alphabets.document, depth: 3, expert: Differences.document })
compare(Lead, { commands: Alphabets.leads, depth: Infinity, expert: Differences.leads })
