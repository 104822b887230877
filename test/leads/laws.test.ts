import { Lead } from "@refold/example-leads/Lead"
import { describeAggregate } from "@refold/vitest/DescribeAggregate"

describeAggregate(Lead)
