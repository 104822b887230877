import { Lead } from "@refold/example-leads/Lead"
import { describeGoldenEvents } from "@refold/vitest/DescribeGoldenEvents"

describeGoldenEvents(Lead, { file: "lead.events.json" })
