/** The laws on the wallet: its table is true, and it is the one they ask for. */
import { assert, describe, it } from "@effect/vitest"
import type * as Lots from "@refold/example-wallet/Lots"
import { Wallet, type WalletState } from "@refold/example-wallet/Wallet"
import * as AggregateLaws from "@refold/vitest/AggregateLaws"
import { describeAggregate } from "@refold/vitest/DescribeAggregate"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"

const isInOrder = (lots: Lots.Lots) =>
  lots.every(({ cents, expires }, index) => {
    const before = lots[index - 1]
    return cents > 0 && (before === undefined || DateTime.isLessThan(before.expires, expires))
  })

describeAggregate(Wallet, {
  histories: 300,
  invariant: ({ bonus, refund, wallet }: WalletState) => wallet >= 0 && isInOrder(bonus) && isInOrder(refund)
})

describe("the table of the wallet", () => {
  it.live("is, cell by cell, the one that is suggested", () =>
    Effect.gen(function*() {
      const { pairs } = yield* AggregateLaws.suggest(Wallet, { histories: 400 })
      const { tags, verdicts } = Wallet.conflicts
      assert.sameDeepMembers(
        pairs.map(({ mine, theirs, verdict }) => [mine, theirs, verdict]),
        tags.flatMap((mine) => tags.map((theirs) => [mine, theirs, ...verdicts(mine, theirs)]))
      )
    }), 60_000)
})
