import { Wallet } from "@refold/example-wallet/Wallet"
import { describeGoldenEvents } from "@refold/vitest/DescribeGoldenEvents"

describeGoldenEvents(Wallet, { file: "wallet.events.json" })
