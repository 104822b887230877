import { Account } from "@refold/example-bank/Account"
import { Transfer } from "@refold/example-bank/Transfer"
import { describeGoldenEvents } from "@refold/vitest/DescribeGoldenEvents"

describeGoldenEvents(Account, { file: "account.events.json" })
describeGoldenEvents(Transfer, { file: "transfer.events.json" })
