/** The laws of accounts and transfers; their tables are those that the laws ask for. */
import { assert, it } from "@effect/vitest"
import { Account } from "@refold/example-bank/Account"
import { Transfer } from "@refold/example-bank/Transfer"
import * as AggregateLaws from "@refold/vitest/AggregateLaws"
import { describeAggregate } from "@refold/vitest/DescribeAggregate"
import * as Effect from "effect/Effect"

describeAggregate(Account, { invariant: (account) => account === null || account.balance >= 0 })
describeAggregate(Transfer)

it.live("the tables are no stricter than the laws ask for", () =>
  Effect.gen(function*() {
    const accounts = yield* AggregateLaws.check(Account)
    const transfers = yield* AggregateLaws.check(Transfer)
    assert.deepStrictEqual([...accounts.stricter, ...transfers.stricter], [])
  }))
