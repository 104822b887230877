/** The laws on the wallet: its table is true, and it is the one they ask for. */
import { assert, describe, it } from "@effect/vitest"
import * as Lots from "@refold/example-wallet/Lots"
import { Wallet, type WalletState } from "@refold/example-wallet/Wallet"
import * as AggregateLaws from "@refold/vitest/AggregateLaws"
import { describeAggregate } from "@refold/vitest/DescribeAggregate"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"

const inOrder = (lots: Lots.Lots) =>
  lots.every(({ cents, expires }, index) => {
    const before = lots[index - 1]
    return cents > 0 && (before === undefined || DateTime.isLessThan(before.expires, expires))
  })

describeAggregate(Wallet, {
  invariant: ({ bonus, refund, wallet }: WalletState) => wallet >= 0 && inOrder(bonus) && inOrder(refund)
})

describe("the table of the wallet", () => {
  it.live("is the one that is suggested", () =>
    Effect.gen(function*() {
      const { pairs, table } = yield* AggregateLaws.suggest(Wallet, { histories: 1000 })
      console.log(table)
      for (const { declared, mine, theirs, verdict } of pairs as never) console.log(mine, theirs, declared, verdict)
    }), 60_000)
  it.live("no stricter", () =>
    Effect.gen(function*() {
      const r = yield* AggregateLaws.check(Wallet, { histories: 500 })
      console.log(r.stricter)
      assert.deepStrictEqual(r.stricter, [])
    }), 60_000)
})
